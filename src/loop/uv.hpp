#pragma once

#include <memory>

#include <uv.h>

#include "loop.hpp"

namespace weir::loop {

/// A runtime on a host's `uv_loop_t`. Everything but the `remote` part belongs to the thread that runs that loop.
///
/// A prepare handle takes a turn in each of the host's iterations, just before it polls; turns are bounded, and an idle handle
/// keeps the host from blocking while something is ready, so host and runtime alternate. A timer handle bounds the poll by the
/// next arming (rounded up to libuv's milliseconds); an async handle ends it when another thread posts.
///
/// Waking, and not missing a post. At the end of each turn the loop (1) sets `wake_`, (2) looks at the queue once more. A
/// poster (a) pushes, (b) takes `wake_` down; the one that found it up sends the async. All four are sequentially consistent,
/// so either the loop sees the node at 2 and doesn't let the host block, or the poster sees `wake_` up. One send a turn at
/// most, none while a send is pending or a turn is under way; what libuv coalesces is only the wake, never the queue.
///
/// What keeps the host's `uv_run` from returning: work that is ready, and `hold()`. Nothing else: with nothing held an adapter
/// doesn't keep a host alive, and posts from other threads wait for its next `uv_run`.
class uv_loop_adapter final : public loop {
public:
  /// `host` outlives this object's handles (see close). Throws std::system_error if there is no descriptor for the async.
  explicit uv_loop_adapter(uv_loop_t* host);
  /// Best after `close` has called back. Otherwise the handles close on their own in the host's next turns.
  ~uv_loop_adapter() override;

  /// Counted: while held, the host's `uv_run` doesn't return for lack of work. Held by a runtime that has tasks.
  void hold() noexcept;
  void release() noexcept;

  /// Runs the host's loop until `quit()`. A `uv_stop` of the host's own meanwhile doesn't end it.
  void run() override;
  /// Ends `run`; no effect on a `uv_run` that the host called itself.
  void quit() noexcept override;
  void close(void (*closed)(void*) noexcept, void* arg) noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "uv"; }
  [[nodiscard]] detail::time_point now() const noexcept override { return detail::clock::now(); }
  [[nodiscard]] uv_loop_t* host() const noexcept { return host_; }

  void post_remote(remote_node& node) noexcept override;
  void post_remote_chain(remote_node& first, remote_node& last) noexcept override;

private:
  struct handles;
  void turn() noexcept;
  void settle() noexcept;
  void wake() noexcept;

  uv_loop_t* host_;
  handles* handles_; // outlives this object until libuv has called back for each of them
  detail::time_point timer_at_ = detail::time_point::max();
  unsigned holds_ = 0;
  bool running_ = false;
  bool quit_ = false;
  remote_queue remote_;
  sync::atomic<bool> wake_{true};
};

} // namespace weir::loop
