#include "own.hpp"

#include "futex.hpp"

namespace weir::loop {

namespace {
// So many steps between two looks at the timers and at what other threads posted: a few dozen microseconds.
constexpr std::size_t steps_a_turn = 256;
} // namespace

void own_loop::run() {
  while (!quit_) {
    turn();
    if (!quit_ && !has_ready()) {
      sleep();
    }
  }
  quit_ = false;
}

void own_loop::turn() noexcept {
  begin_turn(now());
  drain(remote_);
  if (next_due() != detail::time_point::max()) {
    fire_due(turn_began());
  }
  run_ready(steps_a_turn);
  end_turn();
}

void own_loop::sleep() noexcept {
  asleep_.store(1, std::memory_order_seq_cst);
  if (remote_.empty()) {
    futex_wait(asleep_, 1, next_due());
  }
  asleep_.store(0, std::memory_order_relaxed); // a wake that comes after this finds nobody; the queue is looked at next
}

void own_loop::wake() noexcept {
  if (asleep_.load(std::memory_order_seq_cst) != 0 && asleep_.exchange(0, std::memory_order_seq_cst) != 0) {
    futex_wake(asleep_);
  }
}

void own_loop::post_remote(remote_node& node) noexcept {
  remote_.push(node);
  wake();
}

void own_loop::post_remote_chain(remote_node& first, remote_node& last) noexcept {
  remote_.push_chain(first, last);
  wake();
}

void own_loop::close(void (*closed)(void*) noexcept, void* arg) noexcept {
  while (drain(remote_)) {
  }
  closed(arg);
}

} // namespace weir::loop
