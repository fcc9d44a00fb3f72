#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <liburing.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/// What reading files asks of the kernel, by the ring and by plain calls, and of its clock: all of it in one place, so that a
/// test can be the kernel. It links functions of its own instead of kernel.cpp (tests/kernel has one in memory, which does
/// what a plan says). What needs no system call, the entries and completions in the memory that is shared with the kernel,
/// is read and written directly.
namespace weir::io::kernel {

// The ring. As liburing: a negative number is an error.

int set_up(io_uring& ring, unsigned entries, io_uring_params& params) noexcept;
void tear_down(io_uring& ring) noexcept;
/// Gives it what is queued, and runs what it has put off.
int submit(io_uring& ring) noexcept;
/// The same, then waits for a completion, so long at most (-1: for ever).
int submit_and_wait(io_uring& ring, int limit_ms) noexcept;
int get_events(io_uring& ring) noexcept;

// Plain calls. As libc: -1 and errno.

int open(const char* path, int flags) noexcept;
int fstat(int fd, struct ::stat& into) noexcept;
/// At `offset`; -1: from where the file stands.
ssize_t read(int fd, const iovec* into, int count, std::int64_t offset) noexcept;
int fcntl(int fd, int command, int argument) noexcept;
int close(int fd) noexcept;
int poll(pollfd* fds, std::size_t count, int limit_ms) noexcept;

std::chrono::steady_clock::time_point time() noexcept;
void pause(std::chrono::microseconds how_long) noexcept;

} // namespace weir::io::kernel
