#pragma once

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace weir::io {

/// An eventfd that a thread which sleeps in the kernel has among what it waits for.
class wake_descriptor {
public:
  /// Throws std::system_error.
  wake_descriptor() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) {
      throw std::system_error(errno, std::system_category(), "eventfd");
    }
  }
  wake_descriptor(const wake_descriptor&) = delete;
  wake_descriptor& operator=(const wake_descriptor&) = delete;
  ~wake_descriptor() { ::close(fd_); }

  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Any thread.
  void wake() const noexcept {
    const std::uint64_t one = 1;
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    } // EAGAIN means that it is awake 2^64 times over
  }

  /// The thread that slept: so that the next wait sleeps again.
  void reset() const noexcept {
    std::uint64_t count = 0;
    while (::read(fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
  }

private:
  int fd_;
};

} // namespace weir::io
