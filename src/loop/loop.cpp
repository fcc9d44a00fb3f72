#include "loop.hpp"

#include <weir/detail/recycler.hpp>

namespace weir::loop {

void loop::add(turn_end& t) noexcept {
  turn_end** at = &first_turn_end_;
  while (*at != nullptr) {
    at = &(*at)->next_turn_end_;
  }
  t.next_turn_end_ = nullptr;
  *at = &t;
}

void loop::remove(turn_end& t) noexcept {
  for (turn_end** at = &first_turn_end_; *at != nullptr; at = &(*at)->next_turn_end_) {
    if (*at == &t) {
      *at = t.next_turn_end_;
      return;
    }
  }
}

void loop::end_turn() noexcept {
  for (turn_end* t = first_turn_end_; t != nullptr;) {
    turn_end* next = t->next_turn_end_;
    t->end_of_turn();
    t = next;
  }
}

bool loop::drain(remote_queue& queue) noexcept {
  if (queue.empty()) {
    return false;
  }
  const detail::frames_of current(frames());
  for (remote_node* node = queue.take_all(); node != nullptr;) {
    remote_node* next = node->next; // from `run` on the node may be gone, or posted again
    node->run(*node);
    node = next;
  }
  return true;
}

} // namespace weir::loop
