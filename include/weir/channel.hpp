#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/detail/result.hpp>
#include <weir/detail/waiters.hpp>

namespace weir {

/// A bounded queue between tasks of one loop thread, any number on each side.
///
///     weir::channel<int> ch(4);
///     bool taken = co_await ch.send(1);      // waits while it is full; false: closed, the value is destroyed
///     auto v = co_await ch.receive();        // waits while it is empty; nullopt: closed, and nothing is left
///     ch.close();                            // no more will come
///
/// Values come out in the order of the sends. A sender or receiver that is stopped leaves, and its value is destroyed with it;
/// a value that was handed to a waiting receiver is received, also if its tree stops before it goes on. Don't close in a
/// destructor: on a stop that would turn "stopped" into "end". Nothing may wait when it is destroyed.
template<class T> class channel {
  static_assert(std::is_nothrow_move_constructible_v<T>, "weir: a value may not be lost halfway between two tasks");
  class [[nodiscard]] send_awaiter final : public detail::waiter {
  public:
    send_awaiter(channel& c, T&& v) : waiter(c.senders_), channel_(c), value_(std::move(v)) {}
    [[nodiscard]] bool await_resume() const noexcept { return taken_; }

  private:
    friend class channel;
    bool ready() noexcept override {
      if (channel_.closed_) {
        return true;
      }
      taken_ = channel_.put(value_);
      return taken_;
    }
    [[nodiscard]] detail::wait_note waits_for() const noexcept override { return {"channel send"}; }
    channel& channel_;
    T value_;
    bool taken_ = false;
  };

  class [[nodiscard]] receive_awaiter final : public detail::waiter {
  public:
    explicit receive_awaiter(channel& c) noexcept : waiter(c.receivers_), channel_(c) {}
    std::optional<T> await_resume() noexcept { return std::move(value_); }

  private:
    friend class channel;
    bool ready() noexcept override {
      channel_.pop(value_);
      return value_.has_value() || channel_.closed_;
    }
    [[nodiscard]] detail::wait_note waits_for() const noexcept override { return {"channel receive"}; }
    channel& channel_;
    std::optional<T> value_;
  };

public:
  /// At least 1; throws std::logic_error for 0.
  explicit channel(std::size_t capacity) : ring_(capacity) {
    if (capacity == 0) {
      detail::throw_misuse("weir: a channel needs room for at least one value");
    }
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  send_awaiter send(T value) { return send_awaiter(*this, std::move(value)); }
  receive_awaiter receive() noexcept { return receive_awaiter(*this); }

  /// False: full or closed; `value` is untouched then.
  [[nodiscard]] bool try_send(T& value) { return !closed_ && put(value); }
  /// nullopt: empty now.
  std::optional<T> try_receive() noexcept {
    std::optional<T> value;
    pop(value);
    return value;
  }
  /// Senders that wait get false; receivers get what is left, then nullopt. Idempotent.
  void close() noexcept {
    closed_ = true;
    senders_.wake_all();
    receivers_.wake_all();
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.size(); }

private:
  void pop(std::optional<T>& into) noexcept {
    if (size_ == 0) {
      return;
    }
    into.emplace(std::move(*ring_[first_]));
    ring_[first_].reset();
    first_ = (first_ + 1) % ring_.size();
    --size_;
    if (!senders_.empty()) {
      auto& s = static_cast<send_awaiter&>(*senders_.front());
      append(std::move(s.value_));
      s.taken_ = true;
      senders_.wake();
    }
  }
  bool put(T& value) {
    if (!receivers_.empty()) { // then it is empty
      static_cast<receive_awaiter&>(*receivers_.front()).value_.emplace(std::move(value));
      receivers_.wake();
      return true;
    }
    if (size_ == ring_.size()) {
      return false;
    }
    append(std::move(value));
    return true;
  }
  void append(T&& value) {
    ring_[(first_ + size_) % ring_.size()].emplace(std::move(value));
    ++size_;
  }

  std::vector<std::optional<T>> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  bool closed_ = false;
  detail::wait_queue senders_;
  detail::wait_queue receivers_;
};

} // namespace weir
