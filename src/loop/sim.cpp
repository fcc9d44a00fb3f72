#include "sim.hpp"

#include <array>

#include <weir/detail/recycler.hpp>

namespace weir::loop {

sim_loop::sim_loop(world& w) noexcept
    : world_(w), steps_a_turn_(std::array{1U, 3U, 16U, 256U}[w.below(4)]),
      step_time_(std::array{40U, 400U, 4'000U}[w.below(3)]) {}

void sim_loop::run() {
  while (!quit_) {
    turn();
    if (!quit_ && !has_ready() && remote_.empty() && !world_.jump(next_due())) {
      world_.violation(nothing_can_happen);
    }
  }
  quit_ = false;
}

void sim_loop::others() noexcept {
  world_.point();
  world_.pass(std::chrono::nanoseconds(world_.below(step_time_)));
}

void sim_loop::turn() noexcept {
  others();
  world_.note("turn");
  if (!remote_.empty()) {
    const detail::frames_of current(frames());
    for (remote_node* node = remote_.take_all(); node != nullptr;) {
      remote_node* next = node->next; // from `run` on the node may be gone, or posted again
      node->run(*node);
      node = next;
      world_.point();
    }
  }
  if (next_due() <= world_.now()) {
    fire_due(world_.now());
  }
  for (std::uint64_t i = 0; i < steps_a_turn_ && has_ready(); ++i) {
    others();
    world_.in_step = true;
    run_ready(1);
    world_.in_step = false;
  }
  end_turn();
}

void sim_loop::close(void (*closed)(void*) noexcept, void* arg) noexcept {
  while (drain(remote_)) {
  }
  closed(arg);
}

} // namespace weir::loop
