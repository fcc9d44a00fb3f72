#pragma once

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>

namespace weir {
class stop_source;
}

namespace weir::detail {

class frame_recycler;

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

class runnable;
class timer;

// The links are bases of their own because a friend of a class with virtual functions could destroy it through a pointer to
// it, which g++ warns of.

class ready_link {
public:
  [[nodiscard]] bool queued() const noexcept { return queued_; }

private:
  friend class context;
  runnable* next_ = nullptr;
  bool queued_ = false;
};

class timer_link {
public:
  [[nodiscard]] bool armed() const noexcept { return armed_; }
  [[nodiscard]] time_point when() const noexcept { return when_; }

private:
  friend class context;
  time_point when_{};
  timer* child_ = nullptr;    // the first of its children
  timer* sibling_ = nullptr;  // the next child of its parent
  timer* previous_ = nullptr; // the sibling before it, or its parent if it is the first child; null for a root
  bool armed_ = false;
};

/// Something to be run on the loop thread, in a later step. Intrusive: queueing can't fail. In at most one queue, once.
class runnable : public ready_link {
public:
  virtual void run() noexcept = 0;
  /// It is about to run, on a loop that was asked to note its steps: see context::note_steps.
  virtual void tell_step() noexcept {}

protected:
  runnable() = default;
  ~runnable() = default;
};

/// A wake-up on the loop thread. Intrusive (a node of a pairing heap): arming can't fail. Disarmed before it is destroyed.
class timer : public timer_link {
public:
  virtual void fire() noexcept = 0; ///< called once an arming, when it is no longer armed

protected:
  timer() = default;
  ~timer() = default;
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
    assert(!r.queued_);
    r.next_ = nullptr;
    r.queued_ = true;
    if (last_ != nullptr) {
      last_->next_ = &r;
    } else {
      first_ = &r;
    }
    last_ = &r;
  }
  /// Takes `r` out of the ready queue again; no effect if it is not queued. Linear in the queue: for destructors.
  void unpost(runnable& r) noexcept;

  [[nodiscard]] virtual time_point now() const noexcept = 0;

  /// Re-arms it if it is armed. Armed from `fire()` for a time that has passed, it fires in the next turn, not in this one.
  void arm(timer& t, time_point when) noexcept;
  void disarm(timer& t) noexcept; ///< no effect if it is not armed

  /// Tells the nodes of `s`, and of every source that is requested meanwhile, one source after the other: a request travels
  /// down the whole tree before this returns, in constant stack. Called by stop_source alone, as is forget_request.
  void request(stop_source& s) noexcept;
  void forget_request(stop_source& s) noexcept;
  /// A number greater than all before: what came first, a stop or an error, is told by it.
  [[nodiscard]] std::uint64_t next_event() noexcept { return ++events_; }

  /// When the turn that is under way began, by the loop's clock; zero on a loop that doesn't say so. A clock that costs nothing
  /// to look at: what waits knows since when by it, at most a turn too early.
  [[nodiscard]] time_point turn_began() const noexcept { return turn_began_; }
  /// From now on the loop notes each step: a task's function, as it begins to run or goes on after a wait. Any thread may ask
  /// for the last one, to learn where a loop is stuck. Costs a few instructions a step, so that only who looks asks for it.
  void note_steps() noexcept { notes_steps_ = true; }
  void note_step(std::source_location where) noexcept { last_step_.store(where, std::memory_order_relaxed); }
  [[nodiscard]] std::source_location last_step() const noexcept { return last_step_.load(std::memory_order_relaxed); }

  /// What runs on this loop, for those above the core who know its type; null if nothing does.
  [[nodiscard]] void* host() const noexcept { return host_; }
  void set_host(void* host) noexcept { host_ = host; }

  /// Where the frames come from that are made while something of this loop runs; null: from where they do
  /// anyway. Two loops may take turns on a thread.
  void set_frames(frame_recycler* frames) noexcept { frames_ = frames; }
  [[nodiscard]] frame_recycler* frames() const noexcept { return frames_; }

  // For the loop that derives from it:

  void begin_turn(time_point now) noexcept { turn_began_ = now; }

  /// True if something waits in the ready queue.
  [[nodiscard]] bool has_ready() const noexcept { return first_ != nullptr; }
  /// Runs what is ready now, and what that makes ready, up to `limit` pieces; returns how many ran.
  std::size_t run_ready(std::size_t limit) noexcept;
  /// Fires what is due at `now`, earliest first (equal times: in no promised order); returns how many fired. Not from `fire()`.
  std::size_t fire_due(time_point now) noexcept;
  /// The earliest arming, or time_point::max().
  [[nodiscard]] time_point next_due() const noexcept { return root_ != nullptr ? root_->when_ : time_point::max(); }

protected:
  ~context() = default;

private:
  template<bool Noting> std::size_t run_up_to(std::size_t limit) noexcept;
  static timer* merge(timer* a, timer* b) noexcept;
  static timer* merge_children(timer* first) noexcept; // in two passes, without recursion
  runnable* first_ = nullptr;
  runnable* last_ = nullptr;
  timer* root_ = nullptr;
  void* host_ = nullptr;
  frame_recycler* frames_ = nullptr;
  timer* firing_ = nullptr; // the heap that fire_due works through; what is armed meanwhile goes to root_
  stop_source* first_request_ = nullptr;
  stop_source* last_request_ = nullptr;
  bool requesting_ = false;
  bool notes_steps_ = false;
  std::uint64_t events_ = 0;
  time_point turn_began_{};
  std::atomic<std::source_location> last_step_{};
};

} // namespace weir::detail
