#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include <poll.h>
#include <sys/uio.h>

#include "file_steps.hpp"
#include "op_list.hpp"
#include "request_queue.hpp"
#include "ring.hpp"
#include "wake_descriptor.hpp"

namespace weir::io {

/// What the I/O thread does: takes files from the queue, drives each through open, look, read and close on the ring, and posts
/// it when nothing of it is left in the kernel.
///
/// A file under way has a slot. Each step is one entry on the ring, whose user data names slot, generation and kind; the
/// generation goes up with every step, so a completion or a cancel of an earlier one never touches a later one. A step in the
/// kernel ends with its own completion and with nothing else: not with a cancel, whatever that answered. At most `depth` files
/// have slots, and FIFOs that wait for a writer besides: they are polled on the ring and hold nobody up.
///
/// Files that aren't regular, steps that the kernel gave back undone (ECANCELED without a cancel), and everything once
/// io_uring_enter has become forbidden, go on with plain calls on this thread.
class ring_driver {
public:
  /// Makes the ring; throws std::system_error. On the I/O thread, like all of it.
  ring_driver(loop::remote& remote, request_queue& queue, const wake_descriptor& wake, unsigned depth);

  /// Until the queue is closed and nothing is in the kernel.
  void run() noexcept;

private:
  enum class step : std::uint8_t { none, open, read, probe, poll, close };
  static constexpr std::size_t places = 8;
  static constexpr unsigned most_waiting = 512;  // FIFOs; with more of them, files wait for one to end
  static constexpr unsigned cancel_reserve = 16; // entries that only cancels and the wake-up take
  // What the kernel has in its cache it copies while it takes the entry: so much at a time, then the stop flags are looked at.
  static constexpr std::size_t most_at_once = 512 * 1024;
  static constexpr std::size_t a_look = 4096; // so much is asked for where a file should end

  struct slot {
    read_op* op = nullptr;
    std::uint32_t generation = 0;
    unsigned entry = 0;       // of the step, on the ring
    std::uint32_t closed = 0; // `closed_` when the open was issued
    unsigned count = 0;       // of `into`
    step at = step::none;
    bool in_kernel = false;  // its completion is outstanding
    bool unissued = false;   // the queue was full: to be issued again
    bool cancelling = false; // a cancel of the present step is in the kernel
    std::byte beyond{};
    iovec into[places] = {};
  };

  // ring_steps.cpp: one file
  void begin(read_op& op) noexcept;
  void go_on(slot& s) noexcept;
  void go_on_plainly(slot& s) noexcept;
  void issue(slot& s, step what) noexcept;
  void prepare(slot& s, io_uring_sqe& entry) noexcept;
  void submit_first(const slot& s) noexcept;
  void stepped(slot& s, int result) noexcept;
  void opened(slot& s, int result) noexcept;
  void read_ended(slot& s, int result, bool probed) noexcept;
  void close_ended(slot& s, int result) noexcept;
  void end(slot& s) noexcept;
  void try_later(slot& s) noexcept;
  void leave(read_op& op) noexcept;

  // ring_driver.cpp: all of them
  request_queue::news take() noexcept;
  void retry(bool tick) noexcept;
  void issue_again() noexcept;
  void reap() noexcept;
  void completed(std::uint64_t tag, int result) noexcept;
  void look_for_cancels() noexcept;
  void stop(slot& s) noexcept;
  void cancel(slot& s) noexcept;
  void arm_wake() noexcept;
  bool wait() noexcept;
  void wait_plainly(int limit) noexcept;
  void fall_back() noexcept;
  void shut() noexcept;
  [[nodiscard]] std::size_t room() const noexcept;
  [[nodiscard]] std::uint64_t tag(const slot& s) const noexcept;

  loop::remote& remote_;
  request_queue& queue_;
  const wake_descriptor& wake_;
  const unsigned depth_;
  ring ring_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  op_list later_; // found no free descriptor, or a lease; hold no slot and no file
  op_chain ended_;
  std::vector<pollfd> polled_;
  unsigned used_ = 0;            // slots
  unsigned waiting_ = 0;         // of those, FIFOs that are polled
  unsigned steps_ = 0;           // in the kernel
  unsigned cancels_ = 0;         // in the kernel
  unsigned unissued_ = 0;        // entries that found no place
  std::size_t queued_bytes_ = 0; // to be read by the entries that the kernel hasn't been given
  std::uint32_t closed_ = 0;     // files that have ended, so far
  std::uint32_t retried_at_ = 0; // `closed_` when `later_` was last tried
  std::chrono::steady_clock::time_point ticked_{};
  bool wake_armed_ = false;
  bool cancelling_ = false; // a step in the kernel is to be cancelled: ask again every 10 ms
  bool starved_ = false;    // something in `later_` found no descriptor: no use to take more
  bool plain_ = false;      // io_uring_enter has become forbidden
};

} // namespace weir::io
