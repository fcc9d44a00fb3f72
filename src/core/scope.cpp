#include <weir/scope.hpp>

#include <weir/detail/explore.hpp>

namespace weir {

namespace detail {

nursery::nursery(scope_options o) : room_(o.room) {
  if (room_ == 0) {
    throw_misuse("weir: a scope needs room for at least one child");
  }
}

void nursery::child_ended() noexcept {
  --children_;
  serve_room();
  if (children_ != 0) {
    return;
  }
  if (held_body_ != nullptr) {
    parent_->loop().post(*std::exchange(held_body_, nullptr));
  } else if (!body_running_) {
    all_ended();
  }
}

void nursery::body_ended() noexcept {
  body_running_ = false;
  if (children_ == 0 || WEIR_PLANTED(scope_leaves)) {
    all_ended();
  }
}

void nursery::serve_room() noexcept {
  while (!room_waiters_.empty() && has_room()) {
    ++reserved_; // the woken one spawns in a later step; until then its room is kept
    room_waiters_.wake();
  }
}

scope_child::scope_child(nursery& s, task<>&& t) : nursery_(&s) { begin(std::move(t)); }

void scope_child::begin(task<>&& t) {
  not_if_stopped_ = true;
  launch(nursery_->parent_->loop(), nursery_->source_, std::move(t));
  ++nursery_->children_;
}

void scope_child::completed(completion how) noexcept {
  nursery& n = *nursery_;
  if (how == completion::stopped) {
    n.child_stopped_ = true;
  } else {
    if (!WEIR_PLANTED(swallowed_error)) {
      n.settle(*this, how);
    }
    drop(); // before the rest of this: its frame holds parameters, which may refer to what this owns
  }
  delete this;
  n.child_ended();
}

} // namespace detail

void scope::spawn(task<> t) {
  if (may_spawn()) {
    new detail::spawned_task(*this, std::move(t));
  }
}

task<> scope::spawn_when_room(task<> t) {
  detail::room_waiter turn(*this);
  co_await turn;
  spawn(std::move(t));
}

} // namespace weir
