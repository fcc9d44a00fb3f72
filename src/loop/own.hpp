#pragma once

#include <cstdint>

#include "loop.hpp"

namespace weir::loop {

/// A loop of the runtime's own. Sleeps on a futex: no descriptor, no thread, nothing to clean up.
///
/// Going to sleep, and not missing a post. The loop (1) announces that it sleeps, (2) looks at the queue once more, (3) sleeps
/// as long as the announcement stands. A poster (a) pushes, (b) looks whether an announcement stands, (c) takes it down and
/// wakes. 1, 2, a and b are sequentially consistent, so either a comes before 2 and the loop sees the node, or 1 comes before b
/// and the poster sees the announcement; and as the kernel compares the word under its own lock, a post between 2 and 3 makes
/// the sleep return at once. Only the poster that took the announcement down makes the system call: one wake a sleep, none for
/// a loop that is awake. A signal handler on the loop's own thread is a poster like any other.
class own_loop final : public loop {
public:
  own_loop() noexcept = default;

  void run() override; ///< throws nothing
  void quit() noexcept override { quit_ = true; }
  void close(void (*closed)(void*) noexcept, void* arg) noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "own"; }
  [[nodiscard]] detail::time_point now() const noexcept override { return detail::clock::now(); }

  void post_remote(remote_node& node) noexcept override;
  void post_remote_chain(remote_node& first, remote_node& last) noexcept override;

private:
  void turn() noexcept;
  void sleep() noexcept;
  void wake() noexcept;

  alignas(64) remote_queue remote_;       // written by other threads; away from what the loop alone uses
  sync::atomic<std::uint32_t> asleep_{0}; // the announcement, and the futex
  alignas(64) bool quit_ = false;
};

} // namespace weir::loop
