#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <weir/detail/child.hpp>

namespace weir {

/// How a task that a runtime ran came to its end.
enum class ending : unsigned char { done, failed, stopped };

/// What the teardown took: from the stop request until nothing of the task was left. Of one that wasn't stopped: what that of
/// its last group in which something failed, or of its last pipeline, took.
struct teardown_report {
  std::chrono::nanoseconds time{};
  std::string waited_for; ///< what ended last of that which couldn't be interrupted at once, and its origin; empty: nothing
};

/// Done (with a value), failed (with the first error), or stopped. By the time it exists, nothing of the task is alive.
template<class T = void> class outcome {
public:
  [[nodiscard]] ending how() const noexcept { return how_; }
  [[nodiscard]] bool done() const noexcept { return how_ == ending::done; }
  [[nodiscard]] bool failed() const noexcept { return how_ == ending::failed; }
  [[nodiscard]] bool stopped() const noexcept { return how_ == ending::stopped; }
  /// The first error, if it failed; else null.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  /// The value, if it is done. Throws the first error if it failed, std::logic_error if it was stopped.
  T value() {
    if (error_) {
      std::rethrow_exception(error_);
    }
    if (!value_) {
      detail::throw_misuse("weir: the value of a task that was stopped");
    }
    if constexpr (!std::is_void_v<T>) {
      return std::move(*value_);
    }
  }
  /// What failed after the first error, or after the stop.
  [[nodiscard]] const std::vector<std::exception_ptr>& suppressed() const noexcept { return suppressed_; }
  [[nodiscard]] const teardown_report& teardown() const noexcept { return teardown_; }

  /// The library's.
  outcome(ending how, std::optional<detail::value_or_monostate<T>> value, std::exception_ptr error,
          std::vector<std::exception_ptr> suppressed, teardown_report teardown)
      : value_(std::move(value)), error_(std::move(error)), suppressed_(std::move(suppressed)), teardown_(std::move(teardown)),
        how_(how) {}

private:
  std::optional<detail::value_or_monostate<T>> value_;
  std::exception_ptr error_;
  std::vector<std::exception_ptr> suppressed_;
  teardown_report teardown_;
  ending how_;
};

} // namespace weir
