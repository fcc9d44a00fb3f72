#pragma once

#include <chrono>
#include <cstddef>

namespace weir::detail {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// Something to be run on the loop thread, in a later step. Intrusive: queueing can't fail. In at most one queue, once.
class runnable {
public:
  virtual void run() noexcept = 0;
  [[nodiscard]] bool queued() const noexcept { return queued_; }

protected:
  runnable() = default;
  ~runnable() = default;

private:
  friend class context;
  runnable* next_ = nullptr;
  bool queued_ = false;
};

/// A wake-up on the loop thread. Intrusive (a node of a pairing heap): arming can't fail. Disarmed before it is destroyed.
class timer {
public:
  virtual void fire() noexcept = 0; ///< called once an arming, when it is no longer armed
  [[nodiscard]] bool armed() const noexcept { return armed_; }
  [[nodiscard]] time_point when() const noexcept { return when_; }

protected:
  timer() = default;
  ~timer() = default;

private:
  friend class context;
  time_point when_{};
  timer* child_ = nullptr;    // the first of its children
  timer* sibling_ = nullptr;  // the next child of its parent
  timer* previous_ = nullptr; // the sibling before it, or its parent if it is the first child; null for the root
  bool armed_ = false;
};

/// What the core needs from a loop: run this later, and wake me then. Loop thread only, all of it. The ready queue and the
/// timers are here, so that the loops (own, uv, simulated) differ only in how they wait.
class context {
public:
  context() = default;
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Queues `r` behind all that is ready. It runs from the loop, never from inside this call.
  void post(runnable& r) noexcept {
    r.next_ = nullptr;
    r.queued_ = true;
    if (last_ != nullptr) {
      last_->next_ = &r;
    } else {
      first_ = &r;
    }
    last_ = &r;
  }

  [[nodiscard]] virtual time_point now() const noexcept = 0;

  void arm(timer& t, time_point when) noexcept; ///< re-arms it if it is armed
  void disarm(timer& t) noexcept;               ///< no effect if it is not armed

  // For the loop that derives from it:

  /// True if something waits in the ready queue.
  [[nodiscard]] bool has_ready() const noexcept { return first_ != nullptr; }
  /// Runs what is ready now, and what that makes ready, up to `limit` pieces; returns how many ran.
  std::size_t run_ready(std::size_t limit) noexcept;
  /// Fires what is due at `now`, earliest first (equal times: in no promised order); returns how many fired.
  std::size_t fire_due(time_point now) noexcept;
  /// The earliest arming, or time_point::max().
  [[nodiscard]] time_point next_due() const noexcept { return root_ != nullptr ? root_->when_ : time_point::max(); }

protected:
  ~context() = default;

private:
  static timer* merge(timer* a, timer* b) noexcept;
  static timer* merge_children(timer* first) noexcept; // in two passes, without recursion
  runnable* first_ = nullptr;
  runnable* last_ = nullptr;
  timer* root_ = nullptr;
};

} // namespace weir::detail
