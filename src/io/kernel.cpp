#include "kernel.hpp"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace weir::io::kernel {

int set_up(io_uring& ring, unsigned entries, io_uring_params& params) noexcept {
  const int result = io_uring_queue_init_params(entries, &ring, &params);
  if (result == 0) {
    io_uring_ring_dontfork(&ring);
    std::array<unsigned, 2> workers = {4, 4};
    io_uring_register_iowq_max_workers(&ring, workers.data()); // only a bound: where it is refused there are more
  }
  return result;
}

void tear_down(io_uring& ring) noexcept { io_uring_queue_exit(&ring); }

int submit(io_uring& ring) noexcept { return io_uring_submit_and_get_events(&ring); }

int submit_and_wait(io_uring& ring, int limit_ms) noexcept {
  io_uring_cqe* first = nullptr;
  __kernel_timespec limit{limit_ms / 1000, limit_ms % 1000 * 1000000LL};
  return io_uring_submit_and_wait_timeout(&ring, &first, 1, limit_ms < 0 ? nullptr : &limit, nullptr);
}

int get_events(io_uring& ring) noexcept { return io_uring_get_events(&ring); }

int open(const char* path, int flags) noexcept { return ::open(path, flags); }

int fstat(int fd, struct ::stat& into) noexcept { return ::fstat(fd, &into); }

ssize_t read(int fd, const iovec* into, int count, std::int64_t offset) noexcept {
  return offset < 0 ? ::readv(fd, into, count) : ::preadv(fd, into, count, static_cast<off_t>(offset));
}

int fcntl(int fd, int command, int argument) noexcept { return ::fcntl(fd, command, argument); }

int close(int fd) noexcept { return ::close(fd); }

int poll(pollfd* fds, std::size_t count, int limit_ms) noexcept { return ::poll(fds, count, limit_ms); }

std::chrono::steady_clock::time_point time() noexcept { return std::chrono::steady_clock::now(); }

void pause(std::chrono::microseconds how_long) noexcept { ::usleep(static_cast<useconds_t>(how_long.count())); }

} // namespace weir::io::kernel
