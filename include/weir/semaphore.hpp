#pragma once

#include <cstddef>

#include <weir/detail/waiters.hpp>

namespace weir {

/// A counting semaphore of one loop thread. Served strictly in order: a large request isn't overtaken by small ones.
///
///     co_await sem.acquire(3);
///     ...
///     sem.release(3);
///
/// A waiter that is stopped leaves the queue, having taken nothing. Nothing may wait when it is destroyed.
class semaphore {
  class [[nodiscard]] acquire_awaiter final : public detail::waiter {
  public:
    acquire_awaiter(semaphore& s, std::size_t n) noexcept : waiter(s.waiters_), semaphore_(s), n_(n) {}
    static void await_resume() noexcept {}

  private:
    friend class semaphore;
    bool ready() noexcept override { return semaphore_.try_acquire(n_); }
    void left() noexcept override { semaphore_.serve(); }
    [[nodiscard]] detail::wait_note waits_for() const noexcept override { return {"semaphore"}; }
    semaphore& semaphore_;
    std::size_t n_;
  };

public:
  explicit semaphore(std::size_t count) noexcept : available_(count) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  /// Awaited: waits until `n` units are there and takes them. More than there will ever be waits until stopped.
  acquire_awaiter acquire(std::size_t n = 1) noexcept { return acquire_awaiter(*this, n); }
  /// Takes `n` units if they are there and nobody waits.
  [[nodiscard]] bool try_acquire(std::size_t n = 1) noexcept {
    if (available_ < n || !waiters_.empty()) {
      return false;
    }
    available_ -= n;
    return true;
  }
  void release(std::size_t n = 1) noexcept {
    available_ += n;
    serve();
  }
  [[nodiscard]] std::size_t available() const noexcept { return available_; }

private:
  void serve() noexcept {
    while (!waiters_.empty()) {
      const std::size_t n = static_cast<acquire_awaiter*>(waiters_.front())->n_;
      if (n > available_) {
        return;
      }
      available_ -= n;
      waiters_.wake();
    }
  }
  std::size_t available_;
  detail::wait_queue waiters_;
};

} // namespace weir
