#pragma once

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// Throws std::logic_error: a contract was broken by the caller.
[[noreturn]] void throw_misuse(const char* what);
[[noreturn]] void throw_awaited_twice();

/// What a coroutine ends with: a value or an error. Read after its end, on the loop thread.
template<class T> class result {
public:
  static_assert(!std::is_reference_v<T>, "weir: a task of a reference: return a pointer");
  template<class U = T>
  requires std::constructible_from<T, U>
  void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  T take() {
    if (error_) {
      std::rethrow_exception(std::move(error_));
    }
    return std::move(*value_);
  }

private:
  std::optional<T> value_;
  std::exception_ptr error_;
};

template<> class result<void> {
public:
  void return_void() noexcept {}
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  void take() {
    if (error_) {
      std::rethrow_exception(std::move(error_));
    }
  }

private:
  std::exception_ptr error_;
};

} // namespace weir::detail
