// In the place of src/io/kernel.cpp: each call goes to the fake kernel of the test that runs.
#include "io/kernel.hpp"

#include <cerrno>

#include "fake_kernel.hpp"

namespace weir::io::kernel {

namespace {
/// As libc gives it.
template<class Result> Result with_errno(Result result) noexcept {
  if (result < 0) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}
test::fake_kernel& now() noexcept { return test::fake_kernel::now(); }
} // namespace

int set_up(io_uring& ring, unsigned entries, io_uring_params& params) noexcept { return now().set_up(ring, entries, params); }
void tear_down(io_uring& ring) noexcept { now().tear_down(ring); }
int submit(io_uring& ring) noexcept { return now().enter(ring, true, 0, false); }
int submit_and_wait(io_uring& ring, int limit_ms) noexcept { return now().enter(ring, true, limit_ms, true); }
int get_events(io_uring& ring) noexcept { return now().enter(ring, false, 0, false); }
int open(const char* path, int) noexcept { return with_errno(now().open(path)); }
int fstat(int fd, struct ::stat& into) noexcept { return with_errno(now().fstat(fd, into)); }
ssize_t read(int fd, const iovec* into, int count, std::int64_t at) noexcept {
  return with_errno(now().read(fd, into, count, at));
}
int fcntl(int fd, int command, int argument) noexcept { return now().fcntl(fd, command, argument); }
int close(int fd) noexcept { return with_errno(now().close(fd)); }
int poll(pollfd* fds, std::size_t count, int limit_ms) noexcept { return with_errno(now().poll(fds, count, limit_ms)); }
std::chrono::steady_clock::time_point time() noexcept { return std::chrono::steady_clock::time_point(now().time()); }
void pause(std::chrono::microseconds t) noexcept { now().pass(t); }

} // namespace weir::io::kernel
