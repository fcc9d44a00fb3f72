#include "fake_kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>

// The fake kernel's files, and the plain calls.

namespace weir::test {

std::size_t fake_kernel::copy(opened& from, const std::vector<iovec>& places, std::size_t at, std::size_t limit) const {
  const std::string& content = from.of->content;
  std::size_t done = 0;
  for (const iovec& place : places) {
    const std::size_t here = at + done < content.size() ? std::min(place.iov_len, content.size() - at - done) : 0;
    const std::size_t n = std::min(here, limit - done);
    std::memcpy(place.iov_base, content.data() + at + done, n);
    done += n;
  }
  return done;
}

bool fake_kernel::ready(int fd) const {
  const auto found = open_.find(fd);
  if (found == open_.end()) { // not one of this kernel's: the eventfd
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, 0) > 0;
  }
  return found->second.of->is != kind::fifo || !found->second.of->has_writer || gives_up_ || !found->second.of->content.empty();
}

int fake_kernel::open(const char* path) {
  entered();
  switch (choose("plain open", 4)) {
  case 1: return -EINTR;
  case 2: return fail(EMFILE);
  case 3: return fail(EACCES);
  default: break;
  }
  const auto found = files.find(path);
  if (found == files.end()) {
    return -ENOENT;
  }
  open_[next_fd_] = {&found->second};
  return next_fd_++;
}

int fake_kernel::fstat(int fd, struct ::stat& into) {
  entered();
  switch (choose("plain fstat", 3)) {
  case 1: return -EINTR;
  case 2: return fail(EIO);
  default: break;
  }
  const file& f = *open_.at(fd).of;
  into = {};
  into.st_mode = f.is == kind::regular ? S_IFREG : f.is == kind::fifo ? S_IFIFO : S_IFDIR;
  into.st_size = f.is == kind::regular ? static_cast<off_t>(std::min(f.told, f.content.size())) : 0;
  return 0;
}

ssize_t fake_kernel::read(int fd, const iovec* into, int count, std::int64_t at) {
  entered();
  const std::size_t what = choose("plain read", 5);
  switch (what) {
  case 1: return -EINTR;
  case 2:
    if (open_.contains(fd) && !open_[fd].blocks) {
      return -EAGAIN;
    }
    break;
  case 3: return fail(EIO);
  default: break;
  }
  const auto found = open_.find(fd);
  if (found == open_.end()) {
    violate("a read of a descriptor that isn't open");
    return -EBADF;
  }
  opened& from = found->second;
  if (from.of->is == kind::directory) {
    return -EISDIR;
  }
  const std::size_t limit = what == 4 ? 1 : ~std::size_t{0};
  const std::vector<iovec> places(into, into + count);
  const std::size_t got = copy(from, places, at < 0 ? from.position : static_cast<std::size_t>(at), limit);
  from.position += at < 0 ? got : 0;
  return static_cast<ssize_t>(got);
}

int fake_kernel::fcntl(int fd, int command, int argument) {
  opened& at = open_.at(fd);
  if (command == F_SETFL) {
    at.blocks = (argument & O_NONBLOCK) == 0;
    return 0;
  }
  return at.blocks ? 0 : O_NONBLOCK;
}

int fake_kernel::close(int fd) {
  entered();
  if (open_.erase(fd) == 0) {
    violate("a descriptor was closed that isn't open");
    return -EBADF;
  }
  return 0;
}

int fake_kernel::poll(pollfd* fds, std::size_t count, int limit_ms) {
  entered();
  for (;;) {
    deliver(); // by the kernel's own threads: nobody has to ask
    int n = 0;
    for (std::size_t i = 0; i < count; ++i) {
      fds[i].revents = ready(fds[i].fd) ? POLLIN : 0;
      n += fds[i].revents != 0 ? 1 : 0;
    }
    if (n > 0 || limit_ms == 0 || !let_time_pass(limit_ms)) {
      return n;
    }
  }
}

} // namespace weir::test
