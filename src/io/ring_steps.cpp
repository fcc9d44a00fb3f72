#include "ring_driver.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

// One file's way through the ring: each function decides what follows the step that has just ended.

namespace weir::io {

namespace {

/// The step was interrupted before it did anything. A kernel worker that is told to drop it may answer with the kernel's own
/// ERESTARTSYS and its kin, which a system call never shows.
bool interrupted(int error) noexcept { return error == EINTR || (error >= 512 && error <= 516); }

} // namespace

void ring_driver::begin(read_op& op) noexcept {
  if (op.stop().requested()) { // before its first step, or after `more`
    leave(op);
    return;
  }
  slot& s = slots_[free_.back()];
  op.slot = free_.back();
  free_.pop_back();
  ++used_;
  s.op = &op;
  s.at = step::none;
  if (op.fd < 0 && !plain_) {
    issue(s, step::open);
  } else {
    go_on(s);
  }
}

void ring_driver::leave(read_op& op) noexcept {
  closed_ += op.fd >= 0 ? 1 : 0;
  close_file(op);
  op.result = read_op::outcome::cancelled;
  ended_.push(op);
}

void ring_driver::go_on(slot& s) noexcept {
  read_op& op = *s.op;
  if (plain_ || (!op.regular && op.fd >= 0 && !op.stop().requested())) {
    go_on_plainly(s);
    return;
  }
  if (op.stop().requested()) {
    op.result = read_op::outcome::cancelled;
    issue(s, step::close);
    return;
  }
  // Ask for what should be left, for a submission copies that much (see submit_first); then look whether the file goes on.
  const bool at_end = op.hint != 0 && op.hint <= op.size;
  const std::uint64_t most = at_end         ? a_look
                             : op.hint != 0 ? std::min<std::uint64_t>(op.hint - op.size, most_at_once)
                                            : most_at_once;
  s.count = static_cast<unsigned>(free_places(op, s.into, most));
  if (s.count > 0) {
    submit_first(s);
    issue(s, step::read);
  } else if (op.hint > op.size) {
    needs_more(op);
    end(s);
  } else {
    issue(s, step::probe); // it should end here: does it?
  }
}

void ring_driver::go_on_plainly(slot& s) noexcept {
  read_op& op = *s.op;
  s.closed = closed_;
  switch (carry_on(op)) {
  case progress::finished: end(s); break;
  case progress::later: try_later(s); break;
  case progress::unready:
    ++waiting_;
    if (plain_) {
      s.at = step::poll;
    } else {
      issue(s, step::poll);
    }
    break;
  }
}

/// Keeps what one submission copies within `most_at_once`.
void ring_driver::submit_first(const slot& s) noexcept {
  std::size_t bytes = 0;
  for (unsigned i = 0; i < s.count; ++i) {
    bytes += s.into[i].iov_len;
  }
  if (queued_bytes_ != 0 && queued_bytes_ + bytes > most_at_once) {
    ring_.submit();
    queued_bytes_ = 0;
  }
  queued_bytes_ += bytes;
}

void ring_driver::issue(slot& s, step what) noexcept {
  if (what == step::close && (plain_ || s.op->fd < 0)) {
    close_file(*s.op);
    end(s);
    return;
  }
  if (plain_) {
    go_on_plainly(s);
    return;
  }
  s.at = what;
  ++s.generation;
  s.cancelling = false;
  s.closed = closed_;
  io_uring_sqe* entry = ring_.entry(cancel_reserve);
  s.unissued = entry == nullptr;
  s.in_kernel = entry != nullptr;
  if (entry == nullptr) {
    ++unissued_;
    return;
  }
  s.entry = ring_.last_entry();
  ++steps_;
  prepare(s, *entry);
}

void ring_driver::prepare(slot& s, io_uring_sqe& entry) noexcept {
  const read_op& op = *s.op;
  switch (s.at) {
  case step::open: io_uring_prep_openat(&entry, AT_FDCWD, op.path, open_flags, 0); break;
  case step::read:
    if (s.count == 1) {
      io_uring_prep_read(&entry, op.fd, s.into[0].iov_base, static_cast<unsigned>(s.into[0].iov_len), op.size);
    } else {
      io_uring_prep_readv(&entry, op.fd, s.into, s.count, op.size);
    }
    break;
  case step::probe: io_uring_prep_read(&entry, op.fd, &s.beyond, 1, op.size); break;
  case step::poll: io_uring_prep_poll_add(&entry, op.fd, POLLIN); break;
  case step::close:
  case step::none: io_uring_prep_close(&entry, op.fd); break;
  }
  entry.user_data = tag(s);
}

void ring_driver::stepped(slot& s, int result) noexcept {
  switch (s.at) {
  case step::open: opened(s, result); break;
  case step::read: read_ended(s, result, false); break;
  case step::probe: read_ended(s, result, true); break;
  case step::close: close_ended(s, result); break;
  case step::poll:
    --waiting_;
    if (result < 0 && result != -ECANCELED && !interrupted(-result)) {
      failed(*s.op, -result, false);
      issue(s, step::close);
    } else {
      go_on(s); // asks again whether it is ready
    }
    break;
  case step::none: break;
  }
}

void ring_driver::opened(slot& s, int result) noexcept {
  read_op& op = *s.op;
  if (result >= 0) {
    op.fd = result; // also when it was cancelled: then it is closed now
    const int error = look_at(op);
    if (error == 0) {
      go_on(s);
    } else {
      failed(op, error, true);
      issue(s, step::close);
    }
    return;
  }
  const int error = -result;
  const bool undone = error == ECANCELED || interrupted(error);
  const bool later = error == EMFILE || error == ENFILE || error == EAGAIN;
  if ((undone || later) && op.stop().requested()) {
    op.result = read_op::outcome::cancelled;
    end(s);
  } else if (interrupted(error)) {
    issue(s, step::open);
  } else if (undone || error == ESTALE) { // no kernel worker to be had; a path that a plain open looks up anew
    go_on_plainly(s);
  } else {
    failed(op, error, true);
    later ? try_later(s) : end(s);
  }
}

void ring_driver::read_ended(slot& s, int result, bool probed) noexcept {
  read_op& op = *s.op;
  const int error = -result;
  if (result > 0 && probed) {
    needs_more(op);
    end(s);
  } else if (result > 0) {
    filled(op, static_cast<std::size_t>(result));
    if (op.size > op.hint) {
      op.hint = 0; // it says nothing any more
    }
    go_on(s);
  } else if (result == 0) {
    op.result = read_op::outcome::done;
    issue(s, step::close);
  } else if (interrupted(error) || (error == EAGAIN && make_blocking(op.fd))) {
    go_on(s);
  } else if (error == ECANCELED || error == EAGAIN) { // not done; if nobody asked for that, with plain calls
    op.stop().requested() ? go_on(s) : go_on_plainly(s);
  } else {
    failed(op, error, false);
    issue(s, step::close);
  }
}

void ring_driver::close_ended(slot& s, int result) noexcept {
  if (result == -ECANCELED || result == -EAGAIN || result == -EINVAL) {
    close_file(*s.op); // the kernel didn't begin; after every other answer the descriptor is gone
  }
  s.op->fd = -1;
  end(s);
}

/// Nothing of it is in the kernel any more.
void ring_driver::end(slot& s) noexcept {
  if (s.op->result != read_op::outcome::more) {
    ++closed_;
  }
  ended_.push(*s.op);
  free_.push_back(s.op->slot);
  s.op = nullptr;
  s.at = step::none;
  --used_;
}

/// Its open failed for now. A descriptor may come free while files are under way; if none is, and none was since the try, the
/// error is the file's.
void ring_driver::try_later(slot& s) noexcept {
  read_op& op = *s.op;
  if (op.error != EAGAIN) {
    if (used_ - waiting_ == 1 && s.closed == closed_) {
      end(s);
      return;
    }
    starved_ = true;
  }
  free_.push_back(op.slot);
  s.op = nullptr;
  s.at = step::none;
  --used_;
  later_.push_back(op);
}

} // namespace weir::io
