#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "operations.hpp"
#include <weir/detail/explore.hpp>

namespace weir::detail {

class read_operation;

/// The right to a chain of segments.
inline owner own(services& s, memory::segment* chain) noexcept {
  return owner(&s, reinterpret_cast<std::uint64_t>(chain), [](void* p, std::uint64_t c) noexcept {
    static_cast<services*>(p)->release(reinterpret_cast<memory::segment*>(c));
  });
}

/// Who may read beyond the budget for file bytes: see read.cpp.
class growth {
public:
  virtual void ask(read_operation& op) noexcept = 0;
  virtual void grown(std::uint32_t segments) noexcept = 0;
  virtual void withdraw(read_operation& op) noexcept = 0;

protected:
  ~growth() = default;
};

/// Reading a whole file. The operation, its segments and its path are the engine's until it has come back for good; where the
/// file is longer than its segments, further ones are asked for in between.
class [[nodiscard]] read_operation final : public outside_operation, public io::read_op, public memory::segment_waiter {
public:
  read_operation(services& s, growth& g, const char* file, detail::owner segments, void* whose) noexcept
      : read_op(&back), key(whose), services_(s), growth_(g) {
    path = file;
    first = current = reinterpret_cast<memory::segment*>(segments.argument());
    (void)segments.release();
    segments_ = count_of(first);
  }
  ~read_operation() { services_.files.release(first); }

  /// The bytes, if it is `done`: `owner` keeps them. Else `failed`, with `error` and `opening`.
  void await_resume() const noexcept {}
  [[nodiscard]] std::chrono::nanoseconds time() const noexcept { return ended_ - begun_; }
  [[nodiscard]] std::uint32_t segments() const noexcept { return segments_; }
  [[nodiscard]] detail::owner take_segments() noexcept { return detail::own(services_, std::exchange(first, nullptr)); }
  /// When it is `done`: cuts off those behind the last byte.
  memory::segment* cut_unused() noexcept {
    memory::segment* last = first;
    while (last->next != nullptr && last->next->used != 0) {
      last = last->next;
    }
    memory::segment* const unused = std::exchange(last->next, nullptr);
    segments_ -= count_of(unused);
    return unused;
  }

  /// The growth's: memory for `wanted` more segments has come (null: there is none).
  void granted(memory::segment* chain) noexcept override {
    growing_ = false;
    growth_.withdraw(*this);
    if (chain == nullptr) {
      give_up(ENOMEM);
      return;
    }
    memory::segment* last = first;
    while (last->next != nullptr) {
      last = last->next;
    }
    last->next = chain;
    segments_ += count;
    growth_.grown(count);
    if (current == nullptr || current->used == current->capacity) {
      current = chain;
    }
    services_.engine.submit(*this);
  }

  /// The growth's: it can't go on.
  void give_up(int why) noexcept {
    growing_ = false;
    given_up_ = why;
    services_.engine.cancel(*this);
  }

  void* const key; ///< which item this is, for the growth
  read_operation* next_growing = nullptr;

private:
  void begin() noexcept override {
    root = waiting().source().early();
    begun_ = clock::now();
    services_.engine.submit(*this);
  }
  void stop() noexcept override {
    if (growing_) {
      growing_ = false;
      growth_.withdraw(*this);
    }
    if (WEIR_PLANTED(early_release)) {
      services_.files.release(std::exchange(first, nullptr));
    }
    services_.engine.cancel(*this);
  }
  [[nodiscard]] wait_note waits_for() const noexcept override {
    return {growing_ ? "more file memory to read" : "read of", path, segments_ * memory::segment_bytes};
  }
  static void back(loop::remote_node& n) noexcept { static_cast<read_operation&>(n).came_back_from_engine(); }
  void came_back_from_engine() noexcept {
    if (result == outcome::more && !stop_flag_seen()) {
      count = wanted;
      growing_ = true;
      growth_.ask(*this);
      return;
    }
    if (result == outcome::more) { // stopped between two reads
      services_.engine.cancel(*this);
      return;
    }
    ended_ = clock::now();
    if (stopping()) {
      services_.note_wait(waiting().source().root(), "a read", path);
    }
    if (result == outcome::cancelled && given_up_ != 0) {
      result = outcome::failed;
      error = given_up_;
      opening = false;
    }
    came_back(result != outcome::cancelled);
  }
  [[nodiscard]] bool stop_flag_seen() const noexcept { return read_op::stop().requested(); }

  services& services_;
  growth& growth_;
  time_point begun_{};
  time_point ended_{};
  std::uint32_t segments_ = 0;
  bool growing_ = false;
  int given_up_ = 0; // why, as an errno
};

} // namespace weir::detail
