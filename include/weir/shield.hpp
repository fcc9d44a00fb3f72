#pragma once

#include <chrono>
#include <exception>

#include <weir/deadline.hpp>
#include <weir/detail/child.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

/// Runs a task that a stop of the tree doesn't reach. A timer sees to it that the teardown is bounded all the same: it runs
/// from the start (`at_once`), or from the moment when the tree stops.
template<class T> class shield_awaiter final : group, timer, child<T> {
public:
  shield_awaiter(task<T>&& t, std::chrono::nanoseconds limit, bool at_once)
      : task_(std::move(t)), limit_(limit), at_once_(at_once) {}
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    chain& parent = *h.promise().chain_;
    this->begin(parent, true);
    this->launch(parent.loop(), source_, std::move(task_));
    if (at_once_ || parent.stop_requested()) {
      parent.loop().arm(*this, parent.loop().now() + limit_);
    }
  }
  T await_resume() {
    rethrow();
    return this->outcome().take();
  }

private:
  void stop() noexcept override {
    if (!armed()) {
      parent_->loop().arm(*this, parent_->loop().now() + limit_);
    }
  }
  void fire() noexcept override { expired_ = source_.request_stop(); }
  void completed(completion how) noexcept override {
    parent_->loop().disarm(*this);
    bool stopped = how == completion::stopped;
    if (!stopped && this->outcome().error()) {
      fail(this->outcome().error(), this->error_decided_at(), this->error_came_late());
      stopped = !error_;
    }
    if (stopped && expired_) {
      error_ = std::make_exception_ptr(deadline_exceeded{});
      decided_at_ = parent_->loop().next_event();
      stopped = false;
    }
    stopped ? end_stopped() : end();
  }
  task<T> task_;
  std::chrono::nanoseconds limit_;
  bool at_once_;
  bool expired_ = false;
};

} // namespace detail

/// Runs `t` to its end even if the tree is stopped, or is stopping already. `limit` bounds how long it may hold a teardown up:
/// that long after the stop, `t` is stopped after all and `deadline_exceeded` is thrown. What comes after the shield is stopped
/// as ever.
template<class T> task<T> shield(task<T> t, std::chrono::nanoseconds limit) {
  detail::shield_awaiter<T> awaiter(std::move(t), limit, false);
  co_return co_await awaiter;
}

} // namespace weir
