#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/detail/context.hpp>
#include <weir/detail/sync.hpp>
#include <weir/stop.hpp>

namespace weir::detail {

class chain;

/// What the tasks under one root share. `stop_requested` is set at once by the thread that asks (see stop_handle); jobs and the
/// I/O thread poll it. The rest is the loop's.
struct root_state {
  sync::atomic<bool> stop_requested{false};
  std::vector<std::exception_ptr> suppressed; ///< failures that lost against the first error, or against a stop
  void suppress(std::exception_ptr e) noexcept;
  stop_source* source = nullptr; ///< the root's own
  // What outcome::teardown tells.
  time_point ending_since{}; ///< when the last end of a part began: an error in a group, or the end of a pipeline
  time_point ending_until{}; ///< when nothing of that part was left
  std::string waited_for{};  ///< what came back last of that which couldn't be interrupted at once
  time_point waited_until{};
};

/// What the loop needs to know of a coroutine: the part of its promise that has no type.
struct promise_base {
  promise_base() = default;
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;

  chain* chain_ = nullptr;           // the chain that it runs in, from its start on
  promise_base* caller_ = nullptr;   // who awaits it; null: the chain's boundary
  std::coroutine_handle<> handle_{}; // its own
  void** owner_ = nullptr;           // where its owner keeps the frame's address; cleared when the chain destroys the frame
  std::source_location where_{};     // the coroutine's function: a pointer, for dumps
};

/// What a parked chain waits for, in words, and who has to end first. For dumps; valid until the loop goes on.
struct wait_note {
  const char* what;                      ///< "channel receive", "read of"
  std::string_view subject{};            ///< what follows: a path, say
  std::uint64_t bytes = 0;               ///< how much is asked for, or held while it waits
  const stop_source* children = nullptr; ///< a group's: where they are registered
  const chain* child = nullptr;          ///< one that is registered with the same source as the waiting one
};

/// What a chain is parked on. It lives in the innermost frame (or further out), and ends by calling `chain::resume_soon` or
/// `chain::stop_soon`, once.
class operation {
public:
  /// The tree stops: end as soon as possible, as stopped. Never delivers inline. Called at most once, while parked.
  virtual void stop() noexcept = 0;
  /// Says what it is, for a dump. Called while parked.
  [[nodiscard]] virtual wait_note waits_for() const noexcept = 0;

protected:
  operation() = default;
  ~operation() = default;
};

/// How a chain ended.
enum class completion : std::uint8_t { finished, stopped };

/// The coroutines that await each other, from a boundary (a scope's child, a root, an algorithm) down to a leaf. At most one of
/// them can run. It is a trampoline: a coroutine that awaits or ends names the next one, and `run` resumes it, so the stack
/// doesn't grow. When what it is parked on ends as stopped, it isn't resumed: its frames are destroyed from the leaf up, and
/// its boundary is told.
class chain : public runnable, protected stop_node {
public:
  chain(const chain&) = delete;
  chain& operator=(const chain&) = delete;

  [[nodiscard]] context& loop() const noexcept { return *context_; }
  /// The stop source of the part of the tree that it runs in: it is registered there from the start on, and outlived by it.
  [[nodiscard]] stop_source& source() const noexcept { return *linked_to(); }
  [[nodiscard]] bool stop_requested() const noexcept { return source().stop_requested(); }

  /// From an awaiter's await_suspend: the chain waits for `op`. To be called after a look at `stop_requested`.
  void park(operation& op) noexcept {
    parked_ = &op;
    parked_since_ = context_->turn_began();
    decided_at_ = 0;
  }
  /// The operation has ended with a value or an error: the leaf is resumed in a later step.
  void resume_soon() noexcept {
    parked_ = nullptr;
    context_->post(*this);
  }
  /// The operation has ended as stopped: the frames are destroyed in a later step.
  void stop_soon() noexcept {
    parked_ = nullptr;
    unwinding_ = true;
    context_->post(*this);
  }

  /// Lists a failure that doesn't count with the root's.
  void suppress(std::exception_ptr e) const noexcept;

  // The trampoline's, used by the promises:
  void call(promise_base& callee, promise_base& caller) noexcept {
    callee.chain_ = this;
    callee.caller_ = &caller;
    leaf_ = &callee;
    go_on_ = true;
  }
  void give_back(promise_base& callee) noexcept { // the callee has ended, or yields
    leaf_ = callee.caller_;
    go_on_ = leaf_ != nullptr;
  }

  /// When the error that is on its way to the boundary was decided, if that was earlier than now: a scope waits for its
  /// children before it rethrows. 0: not known to be earlier. See next_event.
  void decided_at(std::uint64_t when) noexcept { decided_at_ = when; }
  /// After the end with an error: whether it came after a stop request, and so doesn't count.
  [[nodiscard]] bool error_came_late() const noexcept {
    const std::uint64_t requested = source().requested_at();
    return requested != 0 && (decided_at_ == 0 || requested < decided_at_);
  }
  [[nodiscard]] std::uint64_t error_decided_at() const noexcept {
    return decided_at_ != 0 ? decided_at_ : context_->next_event();
  }

protected:
  chain() = default;
  ~chain() = default;

  /// True: it runs for a chain that is registered with the same source, and is a part of that one in the tree.
  [[nodiscard]] virtual bool is_part_of_another() const noexcept { return false; }

  /// Makes `outermost` the chain's and queues it. The boundary registers with `source`, as the newest.
  void start(context& c, stop_source& source, promise_base& outermost) noexcept;
  /// The outermost coroutine has ended, or all frames are destroyed. The last thing that `run` does: it may destroy this.
  virtual void completed(completion how) noexcept = 0;
  /// True: not yet to be unwound (a scope's body waits for its children); whoever says so posts the chain again.
  virtual bool hold_unwinding() noexcept { return false; }

private:
  friend class tree_dump;
  void run() noexcept final;
  void tell_step() noexcept final;
  void on_stop() noexcept final;
  [[nodiscard]] const chain* as_chain() const noexcept final { return this; }

  context* context_ = nullptr;
  promise_base* leaf_ = nullptr; // who runs, or is resumed next; null: the outermost has ended
  operation* parked_ = nullptr;
  time_point parked_since_{}; // when the loop's turn began in which it was parked
  std::uint64_t decided_at_ = 0;
  bool go_on_ = false; // the leaf is to be resumed now
  bool unwinding_ = false;

protected:
  /// Not to be started if its source is stopped by the time that it would run for the first time: it counts as stopped then.
  bool not_if_stopped_ = false;
};

/// A promise that weir's awaitables may be awaited from.
template<class P>
concept weir_promise = requires(P& p) {
  static_cast<promise_base&>(p);
};

} // namespace weir::detail
