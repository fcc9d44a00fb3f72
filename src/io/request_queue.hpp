#pragma once

#include <cstddef>

#include "../loop/sync.hpp"
#include "op_list.hpp"

namespace weir::io {

/// What waits between the loop and the threads of an engine, and the whole of what they share: everything here is under one
/// lock, held for a few instructions. What waits here waits in user space, where cancelling it is free.
///
/// An operation is in one of the lists, or it is *taken*: a thread's alone, but for its flag `cancelled`.
class request_queue {
public:
  // The loop.

  /// Takes all of `ops`. True: a thread that sleeps in the kernel (`try_sleep`) has to be woken.
  bool hand_over(op_list& ops) noexcept;
  /// True: it was waiting, and is taken out. False: it comes back through a thread, which is told to look (`collect`).
  bool retract(read_op& op) noexcept;
  /// No more will come. True as for `hand_over`.
  bool close() noexcept;

  // A thread that sleeps in the kernel: the ring's.

  struct news {
    bool cancels = false; ///< something taken was cancelled since the last call
    bool closed = false;
  };
  /// Moves up to `room` waiting operations, and all whose files are only to be closed, into `to`.
  news collect(op_list& to, std::size_t room) noexcept;
  /// True: there is nothing to collect, and whoever brings something now wakes the thread: a cancel always, a new operation
  /// only if there is `room`.
  bool try_sleep(bool room) noexcept;
  void woke() noexcept;

  // Threads that sleep here: the blocking engine's.

  /// Waits for one. Null: closed. The thread counts as busy until it calls `finished` or `stall`.
  read_op* wait_for_one() noexcept;
  void finished() noexcept;
  /// `op` found no free descriptor. True: it waits here until another file has been closed. False: none is open, so nothing
  /// that this engine does would help: it has failed. Also ends the thread's being busy, if true.
  bool stall(read_op& op) noexcept;

private:
  enum list : std::uint8_t { nowhere, waiting, closing, stalled };
  read_op* take_first() noexcept;
  void put(read_op& op, list where) noexcept;
  void retry_stalled() noexcept;

  sync::mutex mutex_;
  sync::condition_variable arrived_;
  op_list waiting_;
  op_list closing_; // cancelled, with an open file
  op_list stalled_;
  std::uint32_t ended_ = 0; // how many files were finished with, so far
  unsigned busy_ = 0;
  bool cancels_ = false;
  bool closed_ = false;
  enum class sleeper : std::uint8_t { none, wants_cancels, wants_all } sleeper_ = sleeper::none;
};

} // namespace weir::io
