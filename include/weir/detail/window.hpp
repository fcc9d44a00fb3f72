#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <weir/detail/recycler.hpp>
#include <weir/detail/stream.hpp>
#include <weir/detail/waiters.hpp>

namespace weir {

/// In which order a stage that works on several items at a time gives them on.
enum class order : unsigned char {
  input,      ///< that of its input: a slow item is waited for, while those behind it are worked on
  completion, ///< as they are done
};

namespace detail {

/// Throws std::invalid_argument for 0: such a stage would wait for ever.
inline void check_in_flight(std::size_t n, const char* what_it_needs) {
  if (n == 0) {
    throw std::invalid_argument(what_it_needs);
  }
}

/// The items that a stage works on at a time: bounded, and given on in the order asked for. One producer (the stage's pump),
/// one consumer.
template<class T> class window {
public:
  struct slot : recycled {
    std::optional<item<T>> result;
    slot* next = nullptr;
    std::uint64_t bytes = 0; // see pressure::bytes_ahead
  };

  window(std::size_t limit, weir::order o, std::shared_ptr<pressure> strain) noexcept
      : limit_(limit), order_(o), strain_(std::move(strain)) {}
  window(const window&) = delete;
  window& operator=(const window&) = delete;
  ~window() {
    while (first_ != nullptr) {
      drop(*std::exchange(first_, first_->next));
    }
    while (unlisted_ != nullptr) { // in completion order: those whose work was stopped
      drop(*std::exchange(unlisted_, unlisted_->next));
    }
  }

  class [[nodiscard]] room_awaiter final : public waiter {
  public:
    explicit room_awaiter(window& w) noexcept : waiter(w.producer_), window_(w) {}
    static void await_resume() noexcept {}

  private:
    bool ready() noexcept override { return window_.count_ < window_.limit_; }
    [[nodiscard]] wait_note waits_for() const noexcept override { return {"room for an item in the stage"}; }
    window& window_;
  };
  class [[nodiscard]] next_awaiter final : public waiter {
  public:
    explicit next_awaiter(window& w) noexcept : waiter(w.consumer_), window_(w) {}
    std::optional<item<T>> await_resume() { return window_.take(); }

  private:
    bool ready() noexcept override { return window_.deliverable(); }
    [[nodiscard]] wait_note waits_for() const noexcept override { return {"item of the stage"}; }
    window& window_;
  };

  /// Awaited by the pump: waits until there is room for an item.
  room_awaiter room() noexcept { return room_awaiter(*this); }
  /// A place for an item that is about to be worked on. Throws std::bad_alloc.
  slot* open(std::uint64_t bytes = 0) {
    auto* s = new slot;
    s->bytes = bytes;
    ++count_;
    if (strain_) {
      strain_->entered(bytes);
    }
    if (order_ == order::input) {
      append(*s);
    } else {
      s->next = unlisted_;
      unlisted_ = s;
    }
    return s;
  }
  void complete(slot& s, item<T>&& result) {
    s.result.emplace(std::move(result));
    if (order_ == order::completion) {
      slot** at = &unlisted_;
      while (*at != &s) {
        at = &(*at)->next;
      }
      *at = s.next;
      append(s);
    }
    wake_consumer();
  }
  void push(item<T>&& ready) { complete(*open(), std::move(ready)); }
  /// No more will come.
  void finish() noexcept {
    finished_ = true;
    wake_consumer();
  }
  /// Awaited by the consumer: the next item, or nullopt at the end.
  next_awaiter next() noexcept { return next_awaiter(*this); }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Whether an item, or the end, is there to be taken.
  [[nodiscard]] bool deliverable() const noexcept {
    return first_ != nullptr ? first_->result.has_value() : finished_ && count_ == 0;
  }
  /// The one that will be given on next, if it is being worked on: the oldest.
  [[nodiscard]] slot* oldest() const noexcept { return first_; }

private:
  void append(slot& s) noexcept {
    s.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &s;
    last_ = &s;
  }
  void wake_consumer() noexcept {
    if (!consumer_.empty() && deliverable()) {
      consumer_.wake();
    }
  }
  std::optional<item<T>> take() {
    if (first_ == nullptr) {
      return std::nullopt;
    }
    const std::unique_ptr<slot> s(first_);
    first_ = s->next;
    --count_;
    // In order of input it is refilled by halves: hand-offs come in batches, and so do wakes. (In order of completion some may
    // never leave: a FIFO that nobody writes to.)
    if (!producer_.empty() && (order_ == order::completion || count_ <= limit_ / 2)) {
      producer_.wake();
    }
    if (strain_) {
      strain_->left(s->bytes);
    }
    return std::move(s->result);
  }
  void drop(slot& s) noexcept {
    const std::unique_ptr<slot> dropped(&s);
    if (strain_) {
      strain_->left(s.bytes);
    }
  }

  std::size_t limit_;
  std::size_t count_ = 0;
  weir::order order_;
  bool finished_ = false;
  slot* first_ = nullptr; // in the order of delivery
  slot* last_ = nullptr;
  slot* unlisted_ = nullptr;
  std::shared_ptr<pressure> strain_;
  wait_queue producer_;
  wait_queue consumer_;
};

} // namespace detail
} // namespace weir
