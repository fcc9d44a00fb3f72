#pragma once

#include <coroutine>
#include <exception>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weir/detail/chain.hpp>
#include <weir/detail/recycler.hpp>
#include <weir/detail/result.hpp>

namespace weir {

template<class T = void> class task;

namespace detail {

struct final_awaiter {
  static constexpr bool await_ready() noexcept { return false; }
  template<class P> static void await_suspend(std::coroutine_handle<P> h) noexcept {
    promise_base& p = h.promise();
    p.chain_->give_back(p);
  }
  static void await_resume() noexcept {}
};

template<class T> class task_promise final : public promise_base, public recycled, public result<T> {
public:
  /// In the argument the compiler puts the coroutine's own function.
  task<T> get_return_object(std::source_location where = std::source_location::current()) noexcept;
  static std::suspend_always initial_suspend() noexcept { return {}; }
  static final_awaiter final_suspend() noexcept { return {}; }
};

/// Makes the awaited task the chain's leaf. It owns the task, and so its frame, until the full expression ends.
template<class T> class [[nodiscard]] task_awaiter {
public:
  explicit task_awaiter(task<T>&& t) noexcept : task_(std::move(t)) {}
  [[nodiscard]] bool await_ready() const noexcept { return !task_; } // misuse: await_resume says so
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> caller) {
    promise_base& from = caller.promise();
    from.chain_->call(task_.prepare(), from);
  }
  T await_resume() {
    if (!task_) {
      throw_awaited_twice();
    }
    return task_.promise().take();
  }

private:
  task<T> task_;
};

} // namespace detail

/// A lazy coroutine: it starts when it is awaited (or given to a scope or a runtime), on the loop thread of whoever does that,
/// and gives one `T`, an error, or nothing because it was stopped.
///
///     weir::task<int> twice(weir::task<int> t) {
///       int n = co_await std::move(t);
///       co_return 2 * n;
///     }
///
/// - `co_await std::move(t)` gives the value or throws what the task threw. If the task is stopped, the awaiting coroutine
///   isn't resumed: it is destroyed, after the task, like every frame up to the boundary (scope, `stopped_as_optional`, ...).
/// - Awaited once; a second time is `std::logic_error`.
/// - Destroying a task that has not started destroys its arguments; one that has started is owned by the expression that awaits
/// it.
/// - Only weir's own awaitables can be awaited in it.
/// - g++ 12.2: bind what a condition awaits to a variable first (`while (auto x = co_await s.next())`), never
///   `if (co_await f())`: in a coroutine without local variables its body would be skipped (GCC PR106188).
template<class T> class [[nodiscard]] task {
public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() noexcept = default;
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    task old(std::move(*this));
    frame_ = std::exchange(other.frame_, nullptr);
    return *this;
  }
  ~task() {
    if (frame_ != nullptr) {
      std::coroutine_handle<>::from_address(frame_).destroy();
    }
  }

  [[nodiscard]] explicit operator bool() const noexcept { return frame_ != nullptr; }
  detail::task_awaiter<T> operator co_await() && { return detail::task_awaiter<T>(std::move(*this)); }

  /// The library's: makes this object the owner of a frame about to start.
  detail::promise_base& prepare() {
    if (frame_ == nullptr) {
      detail::throw_awaited_twice();
    }
    promise_type& p = promise();
    p.owner_ = &frame_;
    return p;
  }
  /// The library's.
  [[nodiscard]] promise_type& promise() const noexcept {
    return std::coroutine_handle<promise_type>::from_address(frame_).promise();
  }

private:
  friend promise_type;
  explicit task(void* frame) noexcept : frame_(frame) {}
  void* frame_ = nullptr;
};

template<class T> task<T> detail::task_promise<T>::get_return_object(std::source_location where) noexcept {
  const auto h = std::coroutine_handle<task_promise>::from_promise(*this);
  handle_ = h;
  where_ = where;
  return task<T>(h.address());
}

} // namespace weir
