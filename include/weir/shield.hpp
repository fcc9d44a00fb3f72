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
template<class T> class shielded : public group, timer, protected child<T> {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    chain& parent = *h.promise().chain_;
    this->begin(parent, true);
    this->launch(parent.loop(), source_, std::move(task_));
    if (at_once_ || parent.stop_requested()) {
      limit_from_now();
    }
  }

protected:
  shielded(task<T>&& t, std::chrono::nanoseconds limit, bool at_once)
      : task_(nonempty(std::move(t))), limit_(limit), at_once_(at_once) {}
  ~shielded() = default;
  virtual void ended(bool stopped) noexcept = 0;

private:
  void limit_from_now() noexcept { parent_->loop().arm(*this, after(parent_->loop().now(), limit_)); }
  void stop() noexcept override {
    if (!at_once_) {
      limit_from_now();
    }
  }
  [[nodiscard]] wait_note waits_for() const noexcept override { return this->join_of("shielded task"); }
  void fire() noexcept override { expired_ = source_.request_stop(); }
  void completed(completion how) noexcept override {
    parent_->loop().disarm(*this);
    bool stopped = settle(*this, how);
    if (stopped && expired_) {
      error_ = std::make_exception_ptr(deadline_exceeded{});
      decided_at_ = parent_->loop().next_event();
      stopped = false;
    }
    ended(stopped);
  }
  task<T> task_;
  std::chrono::nanoseconds limit_;
  bool at_once_;
  bool expired_ = false;
};

template<class T> class shield_awaiter final : public shielded<T> {
public:
  shield_awaiter(task<T>&& t, std::chrono::nanoseconds limit) : shielded<T>(std::move(t), limit, false) {}
  T await_resume() {
    this->rethrow();
    return this->outcome().take();
  }

private:
  void ended(bool stopped) noexcept override { stopped ? this->end_stopped() : this->end(); }
};

} // namespace detail

/// Runs `t` to its end even if the tree is stopped, or is stopping already. `limit` bounds how long it may hold a teardown up:
/// that long after the stop, `t` is stopped after all and `deadline_exceeded` is thrown. What comes after the shield is stopped
/// as ever.
template<class T> task<T> shield(task<T> t, std::chrono::nanoseconds limit) {
  detail::shield_awaiter<T> awaiter(std::move(t), limit);
  co_return co_await awaiter;
}

} // namespace weir
