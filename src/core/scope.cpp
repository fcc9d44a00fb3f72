#include <weir/scope.hpp>

namespace weir {

namespace detail {

scope_child::scope_child(scope& s, task<>&& t) : scope_(&s) { begin(std::move(t)); }

void scope_child::begin(task<>&& t) {
  launch(scope_->parent_->loop(), scope_->source_, std::move(t));
  ++scope_->children_;
}

void scope_child::completed(completion how) noexcept {
  scope& s = *scope_;
  if (how == completion::stopped) {
    s.child_stopped_ = true;
  } else if (outcome().error()) {
    s.fail(outcome().error(), error_decided_at(), error_came_late());
  }
  delete this;
  s.child_ended();
}

room_waiter::room_waiter(scope& s) noexcept : waiter(s.room_waiters_), scope_(s) {}

bool room_waiter::ready() noexcept {
  return scope_.children_ + scope_.reserved_ < scope_.options_.room && scope_.room_waiters_.empty();
}

} // namespace detail

void scope::spawn(task<> t) {
  if (!source_.stop_requested()) {
    new detail::spawned_task(*this, std::move(t));
  }
}

task<> scope::spawn_when_room(task<> t) {
  detail::room_waiter turn(*this);
  co_await turn;
  release_room(turn);
  spawn(std::move(t));
}

void scope::child_ended() noexcept {
  --children_;
  if (!room_waiters_.empty()) {
    ++reserved_; // the woken one spawns in a later step; until then its room is kept
    room_waiters_.wake();
  }
  if (children_ != 0) {
    return;
  }
  if (held_body_ != nullptr) {
    parent_->loop().post(*std::exchange(held_body_, nullptr));
  } else if (!body_running_) {
    all_ended();
  }
}

void scope::body_ended() noexcept {
  body_running_ = false;
  if (children_ == 0) {
    all_ended();
  }
}

} // namespace weir
