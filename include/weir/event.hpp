#pragma once

#include <weir/detail/waiters.hpp>

namespace weir {

/// A flag of one loop thread that can be waited for. Stays set until `reset`.
///
///     co_await e.wait();      // somewhere
///     e.set();                // elsewhere: all that wait go on
///
/// A waiter that is stopped leaves. Nothing may wait when it is destroyed.
class event {
  class [[nodiscard]] wait_awaiter final : public detail::waiter {
  public:
    explicit wait_awaiter(event& e) noexcept : waiter(e.waiters_), event_(e) {}
    static void await_resume() noexcept {}

  private:
    bool ready() noexcept override { return event_.set_; }
    [[nodiscard]] detail::wait_note waits_for() const noexcept override { return {"event"}; }
    event& event_;
  };

public:
  event() = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  wait_awaiter wait() noexcept { return wait_awaiter(*this); }
  void set() noexcept {
    set_ = true;
    waiters_.wake_all();
  }
  void reset() noexcept { set_ = false; }
  [[nodiscard]] bool is_set() const noexcept { return set_; }

private:
  bool set_ = false;
  detail::wait_queue waiters_;
};

} // namespace weir
