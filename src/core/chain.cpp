#include <weir/detail/chain.hpp>

#include <weir/detail/explore.hpp>

namespace weir::detail {

void root_state::suppress(std::exception_ptr e) noexcept {
  try {
    suppressed.push_back(std::move(e));
  } catch (...) { // no memory for the list: the first error stands all the same
  }
}

void chain::suppress(std::exception_ptr e) const noexcept {
  if (root_state* const root = source().root(); root != nullptr) {
    root->suppress(std::move(e));
  }
}

void chain::start(context& c, stop_source& source, promise_base& outermost) noexcept {
  context_ = &c;
  outermost.chain_ = this;
  outermost.caller_ = nullptr;
  leaf_ = &outermost;
  link(source);
  c.post(*this);
}

void chain::on_stop() noexcept {
  if (parked_ != nullptr) {
    parked_->stop();
    if (WEIR_PLANTED(inline_end) && queued()) {
      context_->unpost(*this);
      run();
    }
  }
}

void chain::tell_step() noexcept {
  if (leaf_ != nullptr) {
    context_->note_step(leaf_->where_);
  }
}

void chain::run() noexcept {
  unwinding_ = unwinding_ || (not_if_stopped_ && stop_requested());
  not_if_stopped_ = false;
  if (unwinding_) {
    if (hold_unwinding()) {
      return;
    }
    while (leaf_ != nullptr) {
      promise_base* const p = leaf_;
      leaf_ = p->caller_;
      context_->note_step(p->where_);
      *p->owner_ = nullptr;
      p->handle_.destroy();
    }
    completed(completion::stopped);
    return;
  }
  do {
    go_on_ = false;
    leaf_->handle_.resume();
  } while (go_on_);
  if (leaf_ == nullptr) {
    completed(completion::finished);
  }
}

} // namespace weir::detail
