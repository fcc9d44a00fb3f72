#pragma once

#include <chrono>
#include <exception>

#include <weir/detail/child.hpp>
#include <weir/sleep.hpp>
#include <weir/task.hpp>

namespace weir {

/// What `with_deadline` throws: an error of its own, so that a server can tell it from a client who left (which is a stop).
class deadline_exceeded : public std::exception {
public:
  [[nodiscard]] const char* what() const noexcept override { return "weir: deadline exceeded"; }
};

namespace detail {

template<class T> class deadline_awaiter final : group, timer, child<T> {
public:
  deadline_awaiter(time_point when, task<T>&& t) : task_(nonempty(std::move(t))), when_(when) {}
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    if (!this->begin(*h.promise().chain_)) {
      return;
    }
    this->launch(parent_->loop(), source_, std::move(task_));
    parent_->loop().arm(*this, when_);
  }
  T await_resume() {
    rethrow();
    return this->outcome().take();
  }

private:
  [[nodiscard]] wait_note waits_for() const noexcept override { return this->join_of("task with a deadline"); }
  void fire() noexcept override { expired_ = source_.request_stop(); }
  void completed(completion how) noexcept override {
    parent_->loop().disarm(*this);
    bool stopped = settle(*this, how);
    if (stopped && expired_ && !parent_->stop_requested()) {
      error_ = std::make_exception_ptr(deadline_exceeded{});
      decided_at_ = parent_->loop().next_event();
      stopped = false;
    }
    stopped ? end_stopped() : end();
  }
  task<T> task_;
  time_point when_;
  bool expired_ = false;
};

template<class T> task<T> run_until(time_point when, task<T> t) {
  deadline_awaiter<T> awaiter(when, std::move(t));
  co_return co_await awaiter;
}

template<class T> task<T> run_for(std::chrono::nanoseconds left, task<T> t) {
  const time_point now = co_await now_awaiter{};
  deadline_awaiter<T> awaiter(after(now, left), std::move(t));
  co_return co_await awaiter;
}

} // namespace detail

/// Runs `t`; if it hasn't ended `left` after the start, it is stopped, and once it has ended `deadline_exceeded` is thrown. A
/// value or an error that it had already decided on is given all the same. A deadline in the past lets `t` run up to its first
/// wait.
template<class T, class Rep, class Period> task<T> with_deadline(std::chrono::duration<Rep, Period> left, task<T> t) {
  return detail::run_for(detail::bounded(left), std::move(t));
}
/// The same with a point in time of the loop's clock (std::chrono::steady_clock).
template<class T> task<T> with_deadline(std::chrono::steady_clock::time_point when, task<T> t) {
  return detail::run_until(when, std::move(t));
}

} // namespace weir
