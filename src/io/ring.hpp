#pragma once

#include <cstdint>

#include "kernel.hpp"

namespace weir::io {

/// An io_uring that is known to work: set up, and tried on a real file. Lives on one thread, which also destroys it.
class ring {
public:
  /// Throws std::system_error with what was forbidden or missing. `completions` is rounded up by the kernel.
  ring(unsigned entries, unsigned completions);
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  /// The kernel goes on writing into the buffers of what is in flight even after this: nothing may be.
  ~ring() { kernel::tear_down(ring_); }

  /// An entry, or null while the queue is so full that fewer than `reserve` would be left and the kernel takes none of it.
  io_uring_sqe* entry(unsigned reserve) noexcept;
  /// Identifies the entry that `entry` gave last, for `consumed`.
  [[nodiscard]] unsigned last_entry() const noexcept { return ring_.sq.sqe_tail - 1; }
  /// Whether the kernel has taken it.
  [[nodiscard]] bool consumed(unsigned entry) const noexcept;

  /// Gives the kernel what is queued. With `limit_ms` it then waits for a completion, that long at most (-1: for ever).
  void submit() noexcept;
  void submit_and_wait(int limit_ms) noexcept;
  /// Runs what the kernel has put off until this thread comes by; else a cancel may not see it.
  void get_events() noexcept;
  /// Takes up to `room` completions out.
  unsigned reap(io_uring_cqe* into, unsigned room) noexcept;

  /// io_uring_enter has become forbidden (a seccomp filter that was installed later): nothing will be taken any more.
  [[nodiscard]] bool forbidden() const noexcept { return forbidden_; }

private:
  void set_up(unsigned entries, unsigned completions);
  void try_out();
  int read_through(const char* path, bool& opened);
  int one(std::uint64_t tag);
  void note(int result) noexcept;

  io_uring ring_{};
  bool forbidden_ = false;
};

} // namespace weir::io
