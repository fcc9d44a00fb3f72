#include "ring.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include <fcntl.h>

#include "file_steps.hpp"

namespace weir::io {

namespace {

[[noreturn]] void unusable(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), "io_uring can't be used here: " + what);
}

// Measured best first; older kernels know fewer.
constexpr std::array<unsigned, 3> flag_sets = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL, IORING_SETUP_COOP_TASKRUN, 0};

/// What the ring is tried with goes here. If io_uring_enter is forbidden in the middle of that, the kernel may write it at any
/// time, with nobody to hear of it: so it is nobody's, and never read.
char unread;

constexpr unsigned needed_features = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG;

} // namespace

ring::ring(unsigned entries, unsigned completions) {
  set_up(entries, completions);
  try {
    try_out();
  } catch (...) {
    kernel::tear_down(ring_);
    throw;
  }
}

void ring::set_up(unsigned entries, unsigned completions) {
  const auto give_up = kernel::time() + std::chrono::milliseconds(50);
  std::size_t set = 0;
  for (;;) {
    io_uring_params params = {};
    params.flags = flag_sets[set] | IORING_SETUP_CQSIZE;
    params.cq_entries = completions;
    const int error = -kernel::set_up(ring_, entries, params);
    if (error == 0) {
      break;
    }
    if (error == EINVAL && set + 1 < flag_sets.size()) {
      ++set;
    } else if (error == ENOMEM && kernel::time() < give_up) { // ring memory is given back late
      kernel::pause(std::chrono::milliseconds(2));
    } else if (error != EINTR && error != EAGAIN) {
      unusable(error, "io_uring_setup");
    }
  }
  if ((ring_.features & needed_features) != needed_features) {
    kernel::tear_down(ring_);
    unusable(ENOSYS, "the kernel is older than Linux 5.11");
  }
}

/// A filter may allow the set-up and forbid the rest, so a file is really opened and read.
void ring::try_out() {
  for (const char* path : {"/proc/self/exe", "/dev/null", "/"}) {
    const int fd = kernel::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      continue;
    }
    char byte = 0;
    const iovec place{&byte, 1};
    const ssize_t got = kernel::read(fd, &place, 1, -1);
    const int expected = got < 0 ? -errno : static_cast<int>(got);
    kernel::close(fd);
    bool opened = false;
    const int result = read_through(path, opened);
    if (result != expected) {
      unusable(result < 0 ? -result : EIO, opened ? "reading a file through it" : "opening a file through it");
    }
    return;
  }
  unusable(ENOENT, "there is no file to try it on");
}

int ring::read_through(const char* path, bool& opened) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  io_uring_prep_openat(sqe, AT_FDCWD, path, open_flags, 0);
  const int fd = one(1);
  if (fd < 0) {
    return fd;
  }
  opened = true;
  make_blocking(fd);
  sqe = io_uring_get_sqe(&ring_);
  io_uring_prep_read(sqe, fd, &unread, 1, 0);
  const int result = one(2);
  kernel::close(fd);
  return result;
}

/// Submits the one entry that is queued and waits for its completion. -EPERM: io_uring_enter is forbidden.
int ring::one(std::uint64_t tag) {
  ring_.sq.sqes[last_entry() & ring_.sq.ring_mask].user_data = tag;
  for (;;) {
    submit_and_wait(1000);
    io_uring_cqe done;
    if (reap(&done, 1) == 1) {
      return done.res;
    }
    if (forbidden_) {
      return -EPERM;
    }
  }
}

io_uring_sqe* ring::entry(unsigned reserve) noexcept {
  if (io_uring_sq_space_left(&ring_) <= reserve && !forbidden_) {
    submit();
  }
  return io_uring_sq_space_left(&ring_) <= reserve ? nullptr : io_uring_get_sqe(&ring_);
}

bool ring::consumed(unsigned entry) const noexcept {
  return static_cast<int>(io_uring_smp_load_acquire(ring_.sq.khead) - entry) > 0;
}

void ring::submit() noexcept { note(kernel::submit(ring_)); }

void ring::submit_and_wait(int limit_ms) noexcept { note(kernel::submit_and_wait(ring_, limit_ms)); }

void ring::get_events() noexcept { note(kernel::get_events(ring_)); }

unsigned ring::reap(io_uring_cqe* into, unsigned room) noexcept {
  unsigned head = 0;
  unsigned n = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    if (n == room) {
      break;
    }
    into[n++] = *cqe;
  }
  io_uring_cq_advance(&ring_, n);
  return n;
}

/// No return value is trusted for what happened: that is in the completions. Here only: never again, or not now.
void ring::note(int result) noexcept {
  switch (-result) {
  case EPERM:
  case EACCES:
  case ENOSYS: forbidden_ = true; break;
  case EAGAIN:
  case EBUSY:
  case ENOMEM: kernel::pause(std::chrono::microseconds(200)); break; // the kernel is short of something: don't spin
  default: break;
  }
}

} // namespace weir::io
