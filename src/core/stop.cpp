#include <weir/stop.hpp>

#include <weir/detail/chain.hpp>
#include <weir/detail/context.hpp>

namespace weir {

namespace detail {

void stop_node::link(stop_source& s) noexcept {
  linked_to_ = &s;
  newer_ = nullptr;
  older_ = s.newest_;
  if (older_ != nullptr) {
    older_->newer_ = this;
  }
  s.newest_ = this;
}

void stop_node::unlink() noexcept {
  if (linked_to_ == nullptr) {
    return;
  }
  if (newer_ != nullptr) {
    newer_->older_ = older_;
  } else if (linked_to_->newest_ == this) {
    linked_to_->newest_ = older_;
  } else {
    linked_to_->notified_ = older_;
  }
  if (older_ != nullptr) {
    older_->newer_ = newer_;
  }
  linked_to_ = nullptr;
}

} // namespace detail

namespace detail {

void context::request(stop_source& s) noexcept {
  s.queued_ = true;
  s.next_request_ = nullptr;
  (last_request_ != nullptr ? last_request_->next_request_ : first_request_) = &s;
  last_request_ = &s;
  if (requesting_) {
    return;
  }
  requesting_ = true;
  while (first_request_ != nullptr) {
    stop_source* const r = first_request_;
    forget_request(*r);
    r->notify();
  }
  requesting_ = false;
}

void context::forget_request(stop_source& s) noexcept {
  stop_source* before = nullptr;
  for (stop_source* r = first_request_; r != &s; r = r->next_request_) {
    before = r;
  }
  (before != nullptr ? before->next_request_ : first_request_) = s.next_request_;
  if (last_request_ == &s) {
    last_request_ = before;
  }
  s.queued_ = false;
}

} // namespace detail

void stop_source::attach(detail::context& c, detail::root_state& root) noexcept {
  context_ = &c;
  root_ = &root;
  early_ = &root.stop_requested;
  root.source = this;
}

stop_source::~stop_source() {
  for (detail::stop_node** list : {&newest_, &notified_}) {
    while (*list != nullptr) {
      (*list)->unlink();
    }
  }
  if (queued_) {
    context_->forget_request(*this);
  }
  if (destroyed_ != nullptr) {
    *destroyed_ = true;
  }
}

bool stop_source::request_stop() noexcept {
  if (requested_at_ != 0) {
    return false;
  }
  if (context_ == nullptr) {
    requested_at_ = 1;
    notify();
  } else {
    requested_at_ = context_->next_event();
    context_->request(*this);
  }
  return true;
}

// Invariant: a node is in `newest_` until it has been told and in `notified_` after, so that whatever a callback does to other
// nodes, each is told once or has deregistered itself before.
void stop_source::notify() noexcept {
  bool destroyed = false;
  destroyed_ = &destroyed;
  while (newest_ != nullptr) {
    detail::stop_node* const n = newest_;
    newest_ = n->older_;
    if (newest_ != nullptr) {
      newest_->newer_ = nullptr;
    }
    n->older_ = notified_;
    if (notified_ != nullptr) {
      notified_->newer_ = n;
    }
    notified_ = n;
    n->on_stop();
    if (destroyed) {
      return;
    }
  }
  destroyed_ = nullptr;
}

} // namespace weir
