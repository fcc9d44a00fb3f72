#include "ring_driver.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace weir::io {

namespace {

constexpr int tick_ms = 10;
constexpr unsigned entries = 256;

// User data: generation, slot, kind.
enum kind : std::uint64_t { of_step = 0, of_cancel = 1, of_wake = 2 };
constexpr std::uint64_t kind_mask = 3;
constexpr unsigned slot_shift = 2;
constexpr unsigned generation_shift = 32;
constexpr std::uint64_t slot_mask = (1ULL << (generation_shift - slot_shift)) - 1;

} // namespace

ring_driver::ring_driver(loop::remote& remote, request_queue& queue, const wake_descriptor& wake, unsigned depth)
    : remote_(remote), queue_(queue), wake_(wake), depth_(depth),
      ring_(entries, std::max(4 * depth, 2 * (depth + most_waiting))), slots_(depth + most_waiting) {
  for (std::size_t i = slots_.size(); i > 0; --i) {
    free_.push_back(static_cast<std::uint32_t>(i - 1)); // the lowest first, and the last used first
  }
  polled_.reserve(slots_.size() + 1);
}

std::uint64_t ring_driver::tag(const slot& s) const noexcept {
  return std::uint64_t{s.generation} << generation_shift | std::uint64_t{s.op->slot} << slot_shift | of_step;
}

std::size_t ring_driver::room() const noexcept {
  const unsigned under_way = used_ - waiting_;
  return starved_ || under_way >= depth_ ? 0 : std::min<std::size_t>(depth_ - under_way, free_.size());
}

void ring_driver::run() noexcept {
  bool tick = false;
  for (;;) {
    reap();
    if (ring_.forbidden() && !plain_) {
      fall_back();
    }
    const request_queue::news news = take();
    if (news.cancels || (tick && cancelling_)) {
      look_for_cancels();
    }
    retry(tick);
    issue_again();
    ended_.post(remote_);
    if (news.closed && used_ == 0 && later_.empty()) {
      break;
    }
    tick = wait();
  }
  shut();
}

request_queue::news ring_driver::take() noexcept {
  op_list taken;
  const request_queue::news news = queue_.collect(taken, room());
  while (read_op* op = taken.pop_front()) {
    begin(*op);
  }
  return news;
}

/// Those in `later_` once more, when a file has been closed, or when some time has passed.
void ring_driver::retry(bool tick) noexcept {
  if (later_.empty()) {
    starved_ = false; // whoever found none was cancelled
    return;
  }
  if (!tick && retried_at_ == closed_) {
    return;
  }
  retried_at_ = closed_;
  starved_ = false;
  op_list again;
  while (read_op* op = later_.pop_front()) {
    again.push_back(*op);
  }
  while (read_op* op = again.pop_front()) {
    if (room() > 0) {
      begin(*op);
    } else {
      later_.push_back(*op);
    }
  }
}

void ring_driver::issue_again() noexcept {
  if (unissued_ == 0) {
    return;
  }
  for (slot& s : slots_) {
    if (s.unissued) {
      s.unissued = false;
      --unissued_;
      issue(s, s.at);
      if (s.unissued) {
        return; // still full
      }
    }
  }
}

void ring_driver::reap() noexcept {
  std::array<io_uring_cqe, 64> done;
  unsigned n = 0;
  do {
    n = ring_.reap(done.data(), done.size());
    for (unsigned i = 0; i < n; ++i) {
      completed(done[i].user_data, done[i].res);
    }
  } while (n == done.size());
}

void ring_driver::completed(std::uint64_t tag, int result) noexcept {
  const std::uint64_t kind = tag & kind_mask;
  if (kind == of_wake) {
    wake_armed_ = false;
    wake_.reset();
    return;
  }
  slot& s = slots_[tag >> slot_shift & slot_mask];
  const bool present = s.generation == tag >> generation_shift;
  if (kind == of_cancel) {
    // What it answered says nothing about the step: the step's own completion does.
    --cancels_;
    s.cancelling = s.cancelling && !present;
  } else if (present && s.in_kernel) {
    s.in_kernel = false;
    --steps_;
    stepped(s, result);
  }
}

/// Something was cancelled: ends what isn't in the kernel, and asks the kernel for the rest.
void ring_driver::look_for_cancels() noexcept {
  if (!plain_) {
    ring_.get_events(); // a cancel doesn't see what is parked in deferred work
    reap();
  }
  cancelling_ = false;
  for (slot& s : slots_) {
    if (s.op != nullptr && s.at != step::close && s.op->stop().requested()) {
      stop(s);
    }
  }
  for (read_op* op = later_.front(); op != nullptr;) {
    read_op* following = op->next_active;
    if (op->stop().requested()) {
      later_.remove(*op);
      leave(*op);
    }
    op = following;
  }
}

void ring_driver::stop(slot& s) noexcept {
  if (s.in_kernel) {
    cancelling_ = true;
    if (!s.cancelling && !plain_) {
      cancel(s);
    }
    return;
  }
  if (s.unissued) {
    s.unissued = false;
    --unissued_;
  }
  if (s.at == step::poll) {
    --waiting_;
  }
  go_on(s);
}

/// If there is no room for the cancel now, the next tick asks again: `cancelling_` stands until the step has ended.
void ring_driver::cancel(slot& s) noexcept {
  io_uring_sqe* entry = ring_.entry(0);
  if (entry != nullptr) {
    io_uring_prep_cancel64(entry, tag(s), 0);
    entry->user_data = tag(s) | of_cancel;
    s.cancelling = true;
    ++cancels_;
  }
}

void ring_driver::arm_wake() noexcept {
  if (!wake_armed_) {
    io_uring_sqe* entry = ring_.entry(0);
    if (entry != nullptr) {
      // A poll and not a read: if it has to be given up with the ring, it takes no wake with it.
      io_uring_prep_poll_add(entry, wake_.fd(), POLLIN);
      entry->user_data = of_wake;
      wake_armed_ = true;
    }
  }
}

/// True: it is time to try again what is tried on a timer.
bool ring_driver::wait() noexcept {
  queued_bytes_ = 0; // all of it is submitted here
  if (queue_.try_sleep(room() > 0)) {
    if (!plain_) {
      arm_wake();
    }
    const bool timer = cancelling_ || !later_.empty() || unissued_ > 0 || (plain_ ? steps_ > 0 : !wake_armed_);
    const int limit = timer ? tick_ms : -1;
    plain_ ? wait_plainly(limit) : ring_.submit_and_wait(limit);
    queue_.woke();
  } else if (!plain_) {
    ring_.submit();
  }
  if (!cancelling_ && later_.empty()) {
    return false;
  }
  const auto now = kernel::time();
  const bool tick = now - ticked_ >= std::chrono::milliseconds(tick_ms);
  ticked_ = tick ? now : ticked_;
  return tick;
}

void ring_driver::wait_plainly(int limit) noexcept {
  polled_.clear();
  polled_.push_back({wake_.fd(), POLLIN, 0});
  for (const slot& s : slots_) {
    if (s.op != nullptr && s.at == step::poll) {
      polled_.push_back({s.op->fd, POLLIN, 0});
    }
  }
  kernel::poll(polled_.data(), polled_.size(), limit);
  if (polled_[0].revents != 0) {
    wake_.reset();
  }
  const std::size_t count = polled_.size();
  std::size_t i = 1;
  for (slot& s : slots_) {
    if (i < count && s.op != nullptr && s.at == step::poll && polled_[i++].revents != 0) {
      --waiting_;
      go_on_plainly(s);
    }
  }
}

/// io_uring_enter is forbidden from now on. What the kernel hasn't taken is carried out with plain calls. A poll that it has
/// taken touches no memory and is given up. An open or a read that it has taken still may: it stays, until its completion is
/// seen in the shared queue, for its memory can't be given back before.
void ring_driver::fall_back() noexcept {
  plain_ = true;
  unissued_ = 0;
  for (slot& s : slots_) {
    if (s.op == nullptr || (s.in_kernel && s.at != step::poll && ring_.consumed(s.entry))) {
      continue;
    }
    if (s.in_kernel) {
      s.in_kernel = false;
      --steps_;
    }
    s.unissued = false;
    ++s.generation;
    if (s.at == step::close) {
      close_file(*s.op);
      end(s);
    } else {
      waiting_ -= s.at == step::poll ? 1 : 0;
      s.at = step::none;
      go_on_plainly(s);
    }
  }
}

/// Nothing of a file is left; the wake-up and late cancels are. The ring goes only when its last completion has been seen.
void ring_driver::shut() noexcept {
  while (!ring_.forbidden() && (wake_armed_ || cancels_ > 0)) {
    wake_.wake();
    ring_.submit_and_wait(tick_ms);
    reap();
  }
}

} // namespace weir::io
