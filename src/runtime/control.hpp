#pragma once

#include <cstdint>
#include <memory>

#include "../loop/remote.hpp"
#include "../loop/sync.hpp"
#include <weir/detail/chain.hpp>

namespace weir::detail {

class root_base;

/// Who wants to know which stops are under way.
class stop_watcher {
public:
  virtual void stop_began() noexcept = 0; ///< any thread, async-signal-safe
  virtual void stop_ended() noexcept = 0; ///< loop thread, once for each that began

protected:
  ~stop_watcher() = default;
};

/// What a stop handle and its root share. Lives as long as either.
///
/// A request may come before the root is started, while it runs, and after its runtime is gone, at any moment of each, also
/// from a signal handler, which can take no lock. (a) The request sets the flag, then looks for a home; binding sets the home,
/// then looks at the flag: one of them sees the other, and `posted` lets one post. (b) Unbinding takes the home away, then
/// waits until no request is between its look and the end of its post; a handler that interrupts the loop thread has ended by
/// then. (c) A node that was posted and has not run when its root ends is lost: all that it does when it runs, whatever the
/// control is bound to by then, and in which runtime, is to let go of the control, which it keeps alive until then. The flag
/// stays set, so whatever is bound later is stopped at once, and posts nothing.
struct root_control : root_state, loop::remote_node {
  root_control() noexcept : remote_node(&on_loop) {}

  void request() noexcept;
  void bind(loop::remote& home, root_base& root, std::shared_ptr<root_control> keep) noexcept;
  void unbind() noexcept;
  /// Before `bind`, and until `unbind`: who is told of a stop.
  void tell_of_stops(stop_watcher& watcher) noexcept { watcher_ = &watcher; }
  [[nodiscard]] bool bound() const noexcept { return root_ != nullptr; }

  sync::atomic<std::int64_t> requested_at{0}; ///< of the steady clock, in nanoseconds
  time_point bound_at{};                      ///< the loop's, as is the next
  bool told_slow = false;                     ///< the watchdog has told of this stop

private:
  static void on_loop(loop::remote_node& n) noexcept;
  void post() noexcept;
  void tell_watcher() noexcept;
  sync::atomic<loop::remote*> home_{nullptr};
  sync::atomic<int> requesting_{0};
  sync::atomic<bool> posted_{false};
  stop_watcher* watcher_ = nullptr;   // while there is a home
  sync::atomic<bool> watched_{false}; // the watcher has been told that a stop began
  root_base* root_ = nullptr;         // the loop's, as is the next
  bool ran_ = false;                  // the node
  bool lost_ = false;                 // the node; never changes after that
  std::shared_ptr<root_control> self_;
  std::shared_ptr<root_control> kept_by_node_; // of the loop that the lost node is in
};

} // namespace weir::detail
