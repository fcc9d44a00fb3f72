#pragma once

#include <optional>
#include <type_traits>

#include <weir/finally.hpp>
#include <weir/task.hpp>

namespace weir {

/// Turns "stopped" into a value: gives what `t` gives as an optional (for void: true), or nullopt (false) if it was stopped.
/// Errors are thrown as ever. If it is the tree that stops, what is awaited next is stopped: stopped stays stopped.
template<class T> auto stopped_as_optional(task<T> t) -> task<std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>> {
  detail::captured<T> captured(std::move(t));
  co_await captured;
  if constexpr (std::is_void_v<T>) {
    if (captured.stopped()) {
      co_return false;
    }
    captured.get().take();
    co_return true;
  } else {
    if (captured.stopped()) {
      co_return std::optional<T>();
    }
    co_return std::optional<T>(captured.get().take());
  }
}

/// Ends the awaiting task as stopped, by its own wish: `co_await weir::stop_here();` doesn't return.
inline detail::stopped_awaiter stop_here() noexcept { return {}; }

/// `co_await weir::current_stop_token()`: the token of the tree that the awaiting task runs in. Doesn't wait.
namespace detail {
class [[nodiscard]] token_awaiter {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    token_ = h.promise().chain_->source().get_token();
    return false;
  }
  [[nodiscard]] stop_token await_resume() const noexcept { return token_; }

private:
  stop_token token_;
};
} // namespace detail
inline detail::token_awaiter current_stop_token() noexcept { return {}; }

} // namespace weir
