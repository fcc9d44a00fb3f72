#include <weir/detail/context.hpp>

#include <weir/detail/recycler.hpp>

namespace weir::detail {

void context::unpost(runnable& r) noexcept {
  if (!r.queued_) {
    return;
  }
  runnable* before = nullptr;
  for (runnable* at = first_; at != &r; at = at->next_) {
    before = at;
  }
  (before != nullptr ? before->next_ : first_) = r.next_;
  if (last_ == &r) {
    last_ = before;
  }
  r.queued_ = false;
}

std::size_t context::run_ready(std::size_t limit) noexcept {
  const frames_of current(frames_);
  return notes_steps_ ? run_up_to<true>(limit) : run_up_to<false>(limit);
}

template<bool Noting> std::size_t context::run_up_to(std::size_t limit) noexcept {
  std::size_t ran = 0;
  while (first_ != nullptr && ran < limit) {
    runnable& r = *first_;
    first_ = r.next_;
    if (first_ == nullptr) {
      last_ = nullptr;
    }
    r.queued_ = false;
    ++ran;
    if constexpr (Noting) {
      r.tell_step();
    }
    r.run(); // may post it again, or destroy it
  }
  return ran;
}

void context::arm(timer& t, time_point when) noexcept {
  disarm(t);
  t.when_ = when;
  t.armed_ = true;
  root_ = root_ != nullptr ? merge(root_, &t) : &t;
}

// The children of `t` are none of them earlier than it, nor than its parent, so what they merge into can take its place in the
// tree: there is no need to know which heap that is.
void context::disarm(timer& t) noexcept {
  if (!t.armed_) {
    return;
  }
  t.armed_ = false;
  timer* instead = merge_children(t.child_);
  timer* following = t.sibling_;
  if (t.previous_ == nullptr) {
    (&t == root_ ? root_ : firing_) = instead;
  } else {
    timer* next = following;
    if (instead != nullptr) {
      instead->previous_ = t.previous_;
      instead->sibling_ = following;
      next = instead;
    }
    (t.previous_->child_ == &t ? t.previous_->child_ : t.previous_->sibling_) = next;
    if (following != nullptr) {
      following->previous_ = instead != nullptr ? instead : t.previous_;
    }
  }
  t.child_ = t.sibling_ = t.previous_ = nullptr;
}

std::size_t context::fire_due(time_point now) noexcept {
  const frames_of current(frames_);
  assert(firing_ == nullptr);
  std::size_t fired = 0;
  firing_ = root_;
  root_ = nullptr;
  while (firing_ != nullptr && firing_->when_ <= now) {
    timer& t = *firing_;
    disarm(t);
    ++fired;
    t.fire(); // may arm or disarm any timer, or destroy this one
  }
  if (root_ == nullptr) {
    root_ = firing_;
  } else if (firing_ != nullptr) {
    root_ = merge(root_, firing_);
  }
  firing_ = nullptr;
  return fired;
}

// Both are roots. The later one becomes the first child of the other.
timer* context::merge(timer* a, timer* b) noexcept {
  if (b->when_ < a->when_) {
    timer* later = a;
    a = b;
    b = later;
  }
  b->previous_ = a;
  b->sibling_ = a->child_;
  if (a->child_ != nullptr) {
    a->child_->previous_ = b;
  }
  a->child_ = b;
  return a;
}

timer* context::merge_children(timer* first) noexcept {
  timer* pairs = nullptr; // a stack, linked through sibling_
  while (first != nullptr) {
    timer* a = first;
    timer* b = a->sibling_;
    first = b != nullptr ? b->sibling_ : nullptr;
    a->previous_ = a->sibling_ = nullptr;
    if (b != nullptr) {
      b->previous_ = b->sibling_ = nullptr;
      a = merge(a, b);
    }
    a->sibling_ = pairs;
    pairs = a;
  }
  timer* whole = nullptr;
  while (pairs != nullptr) {
    timer* pair = pairs;
    pairs = pair->sibling_;
    pair->sibling_ = nullptr;
    whole = whole != nullptr ? merge(whole, pair) : pair;
  }
  return whole;
}

} // namespace weir::detail
