#include "file_steps.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <fcntl.h>

#include "kernel.hpp"

namespace weir::io {

const int open_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

namespace {

/// It was closed half read, and isn't what it was.
void start_over(read_op& op) noexcept {
  op.size = 0;
  op.current = op.first;
  for (memory::segment* s = op.first; s != nullptr; s = s->next) {
    s->used = 0;
  }
}

} // namespace

int look_at(read_op& op) noexcept {
  struct stat st = {};
  while (kernel::fstat(op.fd, st) != 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  op.regular = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode);
  op.hint = op.regular && st.st_size > 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
  const file_identity found{st.st_dev, st.st_ino, op.hint, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
  if (op.size != 0 && found != op.identity) {
    start_over(op);
  }
  op.identity = found;
  return 0;
}

std::size_t free_places(read_op& op, std::span<iovec> into, std::size_t limit) noexcept {
  std::size_t n = 0;
  memory::segment* s = op.current;
  while (s != nullptr && n < into.size() && limit > 0) {
    const std::size_t room = std::min<std::size_t>(s->capacity - s->used, limit);
    if (room > 0) {
      into[n++] = {s->data + s->used, room};
      limit -= room;
    }
    s = s->next;
  }
  return n;
}

void filled(read_op& op, std::size_t bytes) noexcept {
  op.size += bytes;
  for (;;) {
    memory::segment& s = *op.current;
    const auto here = static_cast<std::uint32_t>(std::min<std::size_t>(s.capacity - s.used, bytes));
    s.used += here;
    bytes -= here;
    if (s.used < s.capacity || s.next == nullptr) {
      return;
    }
    op.current = s.next;
  }
}

void needs_more(read_op& op) noexcept {
  const std::uint64_t each = op.first->capacity > 0 ? op.first->capacity : memory::segment_bytes;
  const std::uint64_t rest = op.hint > op.size ? op.hint - op.size : 1;
  const std::uint64_t wanted = (rest - 1) / each + 1;
  op.wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, std::numeric_limits<std::uint32_t>::max()));
  op.result = read_op::outcome::more;
}

void failed(read_op& op, int error, bool opening) noexcept {
  op.result = read_op::outcome::failed;
  op.error = error;
  op.opening = opening;
}

bool make_blocking(int fd) noexcept {
  const int flags = kernel::fcntl(fd, F_GETFL, 0);
  return flags >= 0 && (flags & O_NONBLOCK) != 0 && kernel::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

void close_file(read_op& op) noexcept {
  if (op.fd >= 0) {
    kernel::close(op.fd); // EINTR too means closed
    op.fd = -1;
  }
}

namespace {

progress open_now(read_op& op) noexcept {
  op.fd = kernel::open(op.path, open_flags);
  if (op.fd < 0) {
    failed(op, errno, true);
    return op.error == EMFILE || op.error == ENFILE || op.error == EAGAIN ? progress::later : progress::finished;
  }
  const int error = look_at(op);
  if (error != 0) {
    failed(op, error, true);
  }
  return error != 0 ? progress::finished : progress::unready; // unready: go on
}

bool ready(int fd) noexcept {
  pollfd p{fd, POLLIN, 0};
  return kernel::poll(&p, 1, 0) != 0; // an error is ready too: the read will name it
}

/// One read of at most a piece. Where the segments are full, a regular file is asked for one byte more, to know whether it
/// goes on; what is not regular would lose that byte, so there the loop is asked for a segment first.
progress read_now(read_op& op) noexcept {
  std::array<iovec, 8> places;
  std::size_t n = free_places(op, places, plain_piece);
  const bool full = n == 0;
  std::byte beyond{};
  if (full) {
    if (!op.regular || op.hint > op.size) {
      needs_more(op);
      return progress::finished;
    }
    places[0] = {&beyond, 1};
    n = 1;
  }
  if (!op.regular && !ready(op.fd)) {
    return progress::unready;
  }
  const auto offset = op.regular ? static_cast<std::int64_t>(op.size) : -1;
  const ssize_t got = kernel::read(op.fd, places.data(), static_cast<int>(n), offset);
  if (got == 0) {
    op.result = read_op::outcome::done;
    return progress::finished;
  }
  if (got < 0) {
    if (errno == EINTR || (errno == EAGAIN && op.regular && make_blocking(op.fd))) {
      return progress::later; // at once: see carry_on
    }
    if (errno == EAGAIN && !op.regular) {
      return progress::unready;
    }
    failed(op, errno, false);
    return progress::finished;
  }
  if (full) {
    needs_more(op);
    return progress::finished;
  }
  filled(op, static_cast<std::size_t>(got));
  return progress::later;
}

} // namespace

progress carry_on(read_op& op) noexcept {
  while (!op.stop().requested()) {
    if (op.fd < 0) {
      const progress opened = open_now(op);
      if (opened == progress::later || (opened == progress::finished && op.error != EINTR)) {
        close_file(op);
        return opened;
      }
      continue;
    }
    const progress read = read_now(op);
    if (read == progress::unready) {
      return read;
    }
    if (read == progress::finished) {
      if (op.result != read_op::outcome::more) {
        close_file(op);
      }
      return read;
    }
  }
  close_file(op);
  op.result = read_op::outcome::cancelled;
  return progress::finished;
}

progress carry_on_past_leases(read_op& op) noexcept {
  for (;;) {
    const progress p = carry_on(op);
    if (p != progress::later || op.error != EAGAIN) {
      return p;
    }
    ::poll(nullptr, 0, 10);
  }
}

} // namespace weir::io
