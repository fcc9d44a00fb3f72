#include "front.hpp"

#include <weir/detail/explore.hpp>

namespace weir::io {

void front::submit(read_op& op) noexcept {
  if (op.phase == idle) {
    ++outstanding_;
    op.engine_data = this;
    op.fd = -1;
    op.queued = 0;
    if (op.current == nullptr) {
      op.current = op.first;
    }
  }
  op.owner = op.run;
  op.run = &front::arrived;
  if (op.fd < 0 && op.stop().requested()) {
    leave(op);
  } else {
    gather(op);
  }
}

void front::cancel(read_op& op) noexcept {
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
    op.owner = op.run;
    op.run = &front::arrived;
    gather(op);
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
  auto& self = *static_cast<front*>(op.engine_data);
  if (op.result == read_op::outcome::more && op.cancelled.load(std::memory_order_relaxed)) {
    self.gather(op); // cancelled while `more` was on its way: the owner hears of the end only
    return;
  }
  op.run = op.owner;
  if (op.result == read_op::outcome::more) {
    op.phase = with_owner;
  } else {
    op.phase = idle;
    --self.outstanding_;
  }
  op.run(op);
}

} // namespace weir::io
