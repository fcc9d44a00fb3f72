#pragma once

#include <cassert>
#include <coroutine>
#include <utility>

#include <weir/detail/chain.hpp>
#include <weir/detail/explore.hpp>
#include <weir/detail/result.hpp>

namespace weir::detail {

class waiter;

/// Chains that wait for the same thing, in the order in which they came. Intrusive, loop thread only.
class wait_queue {
public:
  wait_queue() = default;
  wait_queue(const wait_queue&) = delete;
  wait_queue& operator=(const wait_queue&) = delete;
  ~wait_queue() { assert(empty()); } // what is waited for is gone before who waits for it
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] waiter* front() const noexcept { return first_; }
  /// Takes the first out and lets it go on, in a later step. Not on an empty queue. Who is woken has been given what it waited
  /// for: it goes on even if its tree stops meanwhile.
  void wake() noexcept;
  void wake_all() noexcept {
    while (!empty()) {
      wake();
    }
  }

private:
  friend class waiter;
  void append(waiter& w, const chain& c);
  void remove(waiter& w) noexcept;
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

class waiter_link { // a base, for the reason given in context.hpp
protected:
  explicit waiter_link(wait_queue& q) noexcept : queue_(&q) {}

private:
  friend class wait_queue;
  friend class waiter;
  wait_queue* queue_;
  chain* chain_ = nullptr; // who waits, or has been woken
  waiter* next_ = nullptr;
  waiter* previous_ = nullptr;
};

/// The awaiter of something that has a wait_queue. Derived from by each such thing.
class waiter : public operation, public waiter_link {
public:
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  static constexpr bool await_ready() noexcept { return false; }
  /// Throws std::logic_error if tasks of another runtime wait there.
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) { return begin(*h.promise().chain_); }

protected:
  explicit waiter(wait_queue& q) noexcept : waiter_link(q) {}
  ~waiter() = default;
  /// After it went on: it had to wait, and was woken.
  [[nodiscard]] bool woken() const noexcept { return chain_ != nullptr; }
  /// Takes what is waited for, if it is there and nobody waits ahead. False: it waits.
  virtual bool ready() noexcept = 0;
  /// It was stopped and has left the queue: whoever stood behind it may now be first.
  virtual void left() noexcept {}

private:
  bool begin(chain& c) {
    if (c.stop_requested()) {
      c.stop_soon();
      return true;
    }
    if (ready()) {
      return false;
    }
    queue_->append(*this, c);
    chain_ = &c;
    c.park(*this);
    return true;
  }
  void stop() noexcept final {
    queue_->remove(*this);
    chain* const c = std::exchange(chain_, nullptr);
    WEIR_PLANTED(stop_as_end) ? c->resume_soon() : c->stop_soon();
    left();
  }
};

inline void wait_queue::wake() noexcept {
  waiter& w = *first_;
  remove(w);
  w.chain_->resume_soon();
}

inline void wait_queue::append(waiter& w, const chain& c) {
  if (last_ != nullptr && &last_->chain_->loop() != &c.loop()) {
    throw_misuse("weir: tasks of two runtimes wait for the same thing");
  }
  w.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &w;
  last_ = &w;
}

inline void wait_queue::remove(waiter& w) noexcept {
  (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
  (w.next_ != nullptr ? w.next_->previous_ : last_) = w.previous_;
  w.next_ = w.previous_ = nullptr;
}

} // namespace weir::detail
