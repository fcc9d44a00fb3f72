#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include <weir/detail/waiters.hpp>
#include <weir/item.hpp>
#include <weir/shape.hpp>

namespace weir::detail {

/// Waits in a queue until it is woken, and looks again. `what` is for dumps.
class [[nodiscard]] wait_for final : public waiter {
public:
  wait_for(wait_queue& q, const char* what) noexcept : waiter(q), what_(what) {}
  static void await_resume() noexcept {}

private:
  bool ready() noexcept override { return false; }
  [[nodiscard]] wait_note waits_for() const noexcept override { return {what_}; }
  const char* what_;
};

/// What a block of so many bytes takes of the budget, at most (see memory::pool).
[[nodiscard]] constexpr std::uint64_t charge(std::uint64_t bytes) noexcept {
  const std::uint64_t unit = bytes < 64 * 1024 ? 64 : 4096;
  return bytes == 0 ? 0 : bytes < 256 ? 256 : (bytes + unit - 1) / unit * unit;
}

/// What the stages from a decode on tell each other about memory. Made by the last stage that wants to know, or by the decode.
class pressure {
public:
  std::size_t in_flight = 0;       ///< items on their way from the decode to the batch, or to the end
  std::uint64_t bytes_ahead = 0;   ///< what those of them that have a block of their own take of the budget
  bool waiting_for_memory = false; ///< the decode's pump waits for a grant
  bool blank_waits = false;        ///< the oldest image is a blank that waits for a grant
  std::uint64_t last_good = 0;     ///< where blanks have blocks of their own: what one of the last good image's shape takes
  std::optional<shape> only;       ///< a batch that copies takes images of this shape only, and isn't closed before it is full
  wait_queue for_less;             ///< the decode's pump, while too much is in flight

  /// Everything that was granted has been delivered, and the next image waits for memory: only the batch below can help, by
  /// closing early.
  [[nodiscard]] bool stuck() const noexcept { return blank_waits || (waiting_for_memory && in_flight == 0); }
  /// `notify(watcher)` is called whenever it may have become stuck.
  void watch(void* watcher, void (*notify)(void*) noexcept) noexcept { watcher_ = watcher, notify_ = notify; }
  void changed() noexcept {
    if (stuck() && watcher_ != nullptr) {
      notify_(watcher_);
    }
  }
  void entered(std::uint64_t bytes) noexcept {
    ++in_flight;
    bytes_ahead += charge(bytes);
  }
  void left(std::uint64_t bytes) noexcept {
    --in_flight;
    bytes_ahead -= charge(bytes);
    for_less.wake_all();
    changed();
  }

private:
  void* watcher_ = nullptr;
  void (*notify_)(void*) noexcept = nullptr;
};

template<class T> [[nodiscard]] std::uint64_t bytes_of(const T& value) noexcept {
  if constexpr (requires { value.shape().bytes(); }) {
    return value.shape().bytes();
  } else {
    return 0;
  }
}

/// Counts an item that is in no window: a stage that takes one from above has this before it awaits anything else, so that no
/// item is ever uncounted while others run.
class in_hand {
public:
  in_hand() noexcept = default;
  in_hand(pressure* p, std::uint64_t bytes) noexcept : pressure_(p), bytes_(bytes) {
    if (pressure_ != nullptr) {
      pressure_->entered(bytes_);
    }
  }
  template<class T>
  in_hand(pressure* p, item<T>& i) noexcept : in_hand(p, i.failed() ? std::uint64_t{0} : bytes_of(i.value())) {}
  in_hand(in_hand&& o) noexcept : pressure_(std::exchange(o.pressure_, nullptr)), bytes_(o.bytes_) {}
  in_hand& operator=(in_hand&& o) noexcept {
    const in_hand old(std::move(*this));
    pressure_ = std::exchange(o.pressure_, nullptr);
    bytes_ = o.bytes_;
    return *this;
  }
  ~in_hand() {
    if (pressure_ != nullptr) {
      pressure_->left(bytes_);
    }
  }

private:
  pressure* pressure_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// An item in a channel between two stages.
template<class T> struct on_its_way {
  on_its_way(pressure* p, item_info&& info, std::exception_ptr failure) noexcept
      : held(p, std::uint64_t{0}), what(std::move(info), std::move(failure)) {}
  on_its_way(pressure* p, item<T>&& i) noexcept : held(p, i), what(std::move(i)) {}
  in_hand held;
  item<T> what;
};
/// From here on it counts no more.
template<class T> std::optional<item<T>> take(std::optional<on_its_way<T>>&& c) {
  std::optional<item<T>> i;
  if (c) {
    i.emplace(std::move(c->what));
  }
  return i;
}

} // namespace weir::detail
