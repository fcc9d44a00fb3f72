#include "waiting_files.hpp"

#include <cerrno>
#include <new>
#include <system_error>

#include "file_steps.hpp"
#include "quiet_thread.hpp"

namespace weir::io {

waiting_files::~waiting_files() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (wake_) {
      wake_->wake();
    }
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool waiting_files::add(read_op& op, int& error) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    if (!running_.load(std::memory_order_relaxed)) {
      if (!wake_) {
        wake_.emplace();
      }
      thread_ = start_quiet_thread("weir-wait", [this] { run(); });
      running_.store(true, std::memory_order_relaxed);
    }
  } catch (const std::system_error& e) {
    error = e.code().value();
    return false;
  } catch (const std::bad_alloc&) {
    error = ENOMEM;
    return false;
  }
  added_.push_back(op);
  wake_->wake();
  return true;
}

void waiting_files::look() noexcept {
  const std::lock_guard lock(mutex_);
  if (wake_) {
    wake_->wake();
  }
}

void waiting_files::run() noexcept {
  op_list here;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      while (read_op* op = added_.pop_front()) {
        here.push_back(*op);
      }
      if (closed_) {
        return; // nothing is outstanding then
      }
    }
    // Each is asked anew on every round: it knows by itself whether it is cancelled, ready, or goes on waiting.
    op_chain ended;
    std::size_t count = 0;
    for (read_op* op = here.front(); op != nullptr;) {
      read_op* following = op->next_active;
      if (carry_on(*op) == progress::finished) {
        here.remove(*op);
        ended.push(*op);
      } else {
        ++count;
      }
      op = following;
    }
    ended.post(remote_);
    wait(here, count);
  }
}

void waiting_files::wait(op_list& here, std::size_t count) noexcept {
  int limit = -1;
  try {
    polled_.reserve(count + 1);
  } catch (const std::bad_alloc&) {
    limit = 10; // those that find no place are asked every 10 ms
    if (polled_.capacity() == 0) {
      ::poll(nullptr, 0, limit);
      return;
    }
  }
  polled_.clear();
  polled_.push_back({wake_->fd(), POLLIN, 0});
  for (read_op* op = here.front(); op != nullptr && polled_.size() < polled_.capacity(); op = op->next_active) {
    polled_.push_back({op->fd, POLLIN, 0});
  }
  ::poll(polled_.data(), polled_.size(), limit);
  if ((polled_[0].revents & POLLIN) != 0) {
    wake_->reset();
  }
}

} // namespace weir::io
