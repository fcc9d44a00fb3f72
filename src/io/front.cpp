#include "front.hpp"

#include <cerrno>

#include <weir/detail/explore.hpp>

namespace weir::io {

void front::submit(read_op& op) noexcept {
  if (op.letting_go) {
    op.wanted_again = true;
    return;
  }
  if (op.phase == idle) {
    ++outstanding_;
    op.engine_data = this;
    op.fd = -1;
    op.queued = 0;
    if (op.current == nullptr) {
      op.current = op.first;
    }
  } else {
    resting_.remove(op);
    goes_over(op);
  }
  take_over(op);
  if (op.fd < 0 && op.stop().requested()) {
    leave(op);
  } else {
    gather(op);
  }
}

void front::cancel(read_op& op) noexcept {
  if (op.letting_go) {
    op.wanted_ended = true;
    return;
  }
  op.cancelled.store(true, std::memory_order_relaxed);
  switch (op.phase) {
  case gathered:
    if (op.fd < 0) {
      gathered_.remove(op);
      leave(op);
    } // with an open file it has to go over all the same; the flag is seen there
    break;
  case handed:
    if (WEIR_PLANTED(lost_cancel)) {
      break;
    }
    asked_ = true;
    if (retract(op)) {
      leave(op);
    }
    break;
  case with_owner: // its file has to be closed
    resting_.remove(op);
    goes_over(op);
    take_over(op);
    gather(op);
    break;
  case starved:
    starved_.remove(op);
    leave(op);
    break;
  default: break;
  }
}

void front::flush() noexcept {
  leaving_.post(remote_);
  if (gathered_.empty() && !asked_) {
    return;
  }
  asked_ = false;
  for (read_op* op = gathered_.front(); op != nullptr; op = op->next_active) {
    op->phase = handed;
  }
  hand_over(gathered_);
}

void front::take_over(read_op& op) noexcept {
  op.owner = op.run;
  op.run = &front::arrived;
}

/// Once more, to be read on or to be closed.
void front::goes_over(read_op& op) noexcept {
  op.going_on = op.fd >= 0 && op.regular;
  going_on_ += op.going_on ? 1 : 0;
}

void front::gather(read_op& op) noexcept {
  op.phase = gathered;
  gathered_.push_back(op);
}

void front::leave(read_op& op) noexcept {
  op.phase = leaving;
  op.result = read_op::outcome::cancelled;
  leaving_.push(op);
}

void front::arrived(loop::remote_node& node) noexcept {
  auto& op = static_cast<read_op&>(node);
  static_cast<front*>(op.engine_data)->came_back(op);
}

void front::came_back(read_op& op) noexcept {
  if (op.going_on) {
    op.going_on = false;
    --going_on_;
  }
  if (op.letting_go) {
    has_let_go(op);
  } else if (is_starved(op)) {
    starve(op);
  } else if (op.result == read_op::outcome::more && op.cancelled.load(std::memory_order_relaxed)) {
    goes_over(op); // cancelled while `more` was on its way: the owner hears of the end only
    gather(op);
  } else {
    op.run = op.owner;
    if (op.result == read_op::outcome::more) {
      op.phase = with_owner;
      resting_.push_back(op);
    } else {
      op.phase = idle;
      --outstanding_;
      retry_starved();
    }
    op.run(op); // may destroy it
  }
  if (!starved_.empty()) {
    let_rest_go();
  }
}

// --- where descriptors are short

bool front::is_starved(const read_op& op) const noexcept {
  if (op.result != read_op::outcome::failed || !op.opening || (op.error != EMFILE && op.error != ENFILE)) {
    return false;
  }
  bool rests = false;
  for (const read_op* r = resting_.front(); r != nullptr && !rests; r = r->next_active) {
    rests = r->fd >= 0 && r->regular;
  }
  return rests || going_on_ > 0 || letting_go_ > 0;
}

void front::starve(read_op& op) noexcept {
  if (op.stop().requested()) {
    leave(op);
    return;
  }
  op.phase = starved;
  starved_.push_back(op);
}

void front::let_rest_go() noexcept {
  for (read_op* op = resting_.front(); op != nullptr;) {
    read_op* const following = op->next_active;
    if (op->fd >= 0 && op->regular) {
      let_go(*op);
    }
    op = following;
  }
}

/// To the other side it is cancelled.
void front::let_go(read_op& op) noexcept {
  resting_.remove(op);
  op.letting_go = true;
  op.wanted_again = op.wanted_ended = false;
  ++letting_go_;
  op.cancelled.store(true, std::memory_order_relaxed);
  take_over(op);
  gather(op);
}

void front::has_let_go(read_op& op) noexcept {
  op.letting_go = false;
  --letting_go_;
  retry_starved();
  if (op.wanted_ended) {
    op.run = op.owner;
    op.phase = idle;
    --outstanding_;
    op.run(op);
    return;
  }
  op.cancelled.store(false, std::memory_order_relaxed);
  if (op.wanted_again) {
    gather(op);
  } else {
    op.run = op.owner;
    op.phase = with_owner;
    op.result = read_op::outcome::more;
    resting_.push_back(op);
  }
}

void front::retry_starved() noexcept {
  while (read_op* op = starved_.pop_front()) {
    gather(*op);
  }
}

} // namespace weir::io
