#pragma once

#include <cstddef>
#include <span>

#include <sys/uio.h>

#include "engine.hpp"

namespace weir::io {

/// The most that one plain read asks for, so that the stop flag is looked at often enough.
inline constexpr std::size_t plain_piece = 256 * 1024;

/// How every engine opens. O_NONBLOCK, because the path may be a FIFO: a plain open would wait for a writer where nothing can
/// cut it off. What isn't a regular file is polled before each read, since without a writer a read returns 0 at once.
extern const int open_flags;

/// After the open: fills `hint` and `regular`. Returns 0 or an errno.
int look_at(read_op& op) noexcept;

/// The free places of the segments, in order, at most `limit` bytes in as many entries as `into` has. Returns how many entries
/// were filled; 0 if the segments are full.
std::size_t free_places(read_op& op, std::span<iovec> into, std::size_t limit) noexcept;

/// `bytes` more are in those places.
void filled(read_op& op, std::size_t bytes) noexcept;

/// The segments are full and the file goes on.
void needs_more(read_op& op) noexcept;
void failed(read_op& op, int error, bool opening) noexcept;

/// Some file systems answer EAGAIN to a read of a regular file that was opened with O_NONBLOCK. Takes the flag away; false if
/// it wasn't there.
bool make_blocking(int fd) noexcept;

/// Closes the file, if it is open, with a plain call.
void close_file(read_op& op) noexcept;

enum class progress {
  finished, ///< has its outcome; the file is closed, unless that is `more`
  unready,  ///< not a regular file, and has nothing to read now: go on when poll(2) says POLLIN or POLLHUP
  later,    ///< open(2) said `error`, which may pass: EMFILE or ENFILE when a file is closed, EAGAIN (a lease) with time
};

/// Carries the whole operation out with plain calls, from wherever it is, looking at its stop flag before each. Blocks for no
/// longer than one piece of a regular file takes; never for a FIFO.
progress carry_on(read_op& op) noexcept;

/// The same, but waits (in steps of 10 ms, with a look at the flag) until another process has given up its lease.
progress carry_on_past_leases(read_op& op) noexcept;

} // namespace weir::io
