#include "request_queue.hpp"

#include <mutex>
#include <utility>

namespace weir::io {

void request_queue::put(read_op& op, list where) noexcept {
  op.queued = where;
  (where == waiting ? waiting_ : where == closing ? closing_ : stalled_).push_back(op);
}

bool request_queue::hand_over(op_list& ops) noexcept {
  const std::lock_guard lock(mutex_);
  unsigned came = 0;
  while (read_op* op = ops.pop_front()) {
    put(*op, op->fd >= 0 && op->stop().requested() ? closing : waiting);
    ++came;
  }
  if (came == 1) {
    arrived_.notify_one();
  } else if (came > 1) {
    arrived_.notify_all();
  }
  const bool urgent = cancels_ || !closing_.empty();
  if (sleeper_ == sleeper::none || (!urgent && (sleeper_ == sleeper::wants_cancels || waiting_.empty()))) {
    return false;
  }
  sleeper_ = sleeper::none; // one wake is enough
  return true;
}

bool request_queue::retract(read_op& op) noexcept {
  const std::lock_guard lock(mutex_);
  switch (op.queued) {
  case nowhere: cancels_ = true; return false;
  case closing: return false;
  case stalled: stalled_.remove(op); break;
  default: waiting_.remove(op); break;
  }
  if (op.fd < 0) {
    op.queued = nowhere;
    return true;
  }
  put(op, closing);
  arrived_.notify_one();
  return false;
}

bool request_queue::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  arrived_.notify_all();
  return std::exchange(sleeper_, sleeper::none) != sleeper::none;
}

request_queue::news request_queue::collect(op_list& to, std::size_t room) noexcept {
  const std::lock_guard lock(mutex_);
  while (read_op* op = closing_.pop_front()) {
    op->queued = nowhere;
    to.push_back(*op);
  }
  for (; room > 0 && !waiting_.empty(); --room) {
    to.push_back(*take_first());
  }
  return {std::exchange(cancels_, false), closed_};
}

bool request_queue::try_sleep(bool room) noexcept {
  const std::lock_guard lock(mutex_);
  if (cancels_ || closed_ || !closing_.empty() || (room && !waiting_.empty())) {
    return false;
  }
  sleeper_ = room ? sleeper::wants_all : sleeper::wants_cancels;
  return true;
}

void request_queue::woke() noexcept {
  const std::lock_guard lock(mutex_);
  sleeper_ = sleeper::none;
}

read_op* request_queue::take_first() noexcept {
  read_op* op = closing_.pop_front();
  if (op == nullptr) {
    op = waiting_.pop_front();
  }
  if (op != nullptr) {
    op->queued = nowhere;
  }
  return op;
}

read_op* request_queue::wait_for_one() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (read_op* op = take_first()) {
      ++busy_;
      op->slot = ended_;
      return op;
    }
    if (closed_) {
      return nullptr;
    }
    arrived_.wait(lock);
  }
}

void request_queue::finished() noexcept {
  const std::lock_guard lock(mutex_);
  --busy_;
  ++ended_;
  retry_stalled();
}

bool request_queue::stall(read_op& op) noexcept {
  const std::lock_guard lock(mutex_);
  const bool one_was_closed = op.slot != ended_; // since `op` was taken: the next try may find its descriptor
  if (!one_was_closed && busy_ == 1) {
    return false;
  }
  --busy_;
  if (one_was_closed || op.stop().requested()) {
    op.queued = waiting;
    waiting_.push_front(op);
    arrived_.notify_one();
  } else {
    put(op, stalled);
  }
  return true;
}

void request_queue::retry_stalled() noexcept {
  while (read_op* op = stalled_.pop_front()) {
    op->queued = waiting;
    waiting_.push_front(*op);
    arrived_.notify_one();
  }
}

} // namespace weir::io
