#include "sim_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "file_steps.hpp"
#include <weir/detail/explore.hpp>

namespace weir::io {

using detail::explore::own_business;
using namespace std::chrono_literals;

namespace {
constexpr int restart = 512; // the kernel's ERESTARTSYS

bool interrupted(int error) noexcept { return error == EINTR || error == restart; }
} // namespace

sim_engine::sim_engine(loop::world& w, loop::remote& home, const sim_disk& disk, unsigned depth, sim_io_faults faults)
    : front(home), world_(w), disk_(disk), depth_(depth), at_(faults),
      latency_(std::array<std::chrono::nanoseconds, 4>{300ns, 5us, 100us, 4ms}[w.below(4)]) {}

sim_engine::~sim_engine() {
  if (busy_ != 0 || !queue_.empty()) {
    world_.violation("an engine ended with operations outstanding");
  }
}

void sim_engine::look(std::chrono::nanoseconds when) noexcept {
  if (!looks_) {
    looks_ = true;
    world_.in(when, taker_);
  }
}

void sim_engine::hand_over(op_list& ops) noexcept {
  while (read_op* const op = ops.pop_front()) {
    queue_.push_back(*op);
    op->slot = ~0U;
    world_.note("io handed over", ++submits_);
  }
  if (at_.submit != 0 && submits_ >= at_.submit && faults_met_ == 0) {
    ++faults_met_;
    world_.note("io refused", submits_);
    look(3ms); // EBUSY, EAGAIN, or no room: tried again later
  } else {
    look(world_.some(500ns));
  }
}

bool sim_engine::retract(read_op& op) noexcept {
  const own_business ours;
  world_.note("io to be cancelled", op.slot);
  if (op.slot == ~0U) {
    if (op.fd >= 0) {
      return false; // its file has to be closed: `take` sees the flag
    }
    queue_.remove(op);
    return true;
  }
  transit& t = *transits_[op.slot];
  if (t.op != &op) {
    return false; // on its way back
  }
  t.cancel_asked = true;
  if (!cancels_) {
    cancels_ = true;
    world_.in(world_.some(1us), canceller_);
  }
  return false;
}

/// One that is lost is repeated on a timer; one that comes too late does nothing: a read that the kernel has begun ends by
/// itself.
void sim_engine::cancel_asked_ones() noexcept {
  cancels_ = false;
  bool again = false;
  for (auto& t : transits_) {
    if (t->op == nullptr || !t->cancel_asked || t->at == step::back) {
      continue;
    }
    world_.point();
    const std::uint64_t chance = world_.below(4);
    const bool endless = !t->scheduled;
    if (chance == 0) {
      world_.note("cancel lost", t->op->slot);
      again = true;
    } else if (chance == 1 && !endless) {
      world_.note("cancel too late", t->op->slot);
      t->cancel_asked = false;
    } else {
      world_.note("cancel meets", t->op->slot);
      t->cancel_asked = false;
      t->cancel_meets = true;
      if (endless) {
        t->scheduled = true;
        world_.in(world_.some(1us), *t);
      }
    }
  }
  if (again) {
    cancels_ = true;
    world_.in(10ms, canceller_);
  }
}

sim_engine::transit& sim_engine::place() noexcept {
  for (auto& t : transits_) {
    if (t->op == nullptr) {
      return *t;
    }
  }
  transits_.push_back(std::make_unique<transit>(*this));
  return *transits_.back();
}

void sim_engine::take() noexcept {
  looks_ = false;
  while (busy_ < depth_ && !queue_.empty()) {
    read_op& op = *queue_.pop_front();
    world_.point();
    transit& t = place();
    ++busy_;
    t.op = &op;
    t.at = step::none;
    t.cancel_asked = t.cancel_meets = t.retried = t.scheduled = false;
    if (op.fd < 0) {
      t.changed = false;
    }
    t.file = disk_.find(op.path);
    op.slot = static_cast<std::uint32_t>(
        std::find_if(transits_.begin(), transits_.end(), [&](const auto& p) { return p.get() == &t; }) - transits_.begin());
    world_.note("io taken", op.slot);
    if (op.fd < 0 && !op.stop().requested()) {
      issue(t, step::open);
    } else {
      go_on(t);
    }
  }
}

void sim_engine::go_on(transit& t) noexcept {
  read_op& op = *t.op;
  if (op.stop().requested()) {
    op.result = read_op::outcome::cancelled;
    close(op);
    end(t);
    return;
  }
  t.places = free_places(op, t.into, world_.one_in(4) ? 1 + world_.below(700) : 1U << 20U);
  if (t.places > 0) {
    issue(t, step::read);
  } else if (op.hint > op.size || !op.regular) {
    needs_more(op);
    end(t);
  } else {
    issue(t, step::probe);
  }
}

void sim_engine::issue(transit& t, step what) noexcept {
  world_.starts("I/O was submitted after the stop");
  world_.note(what == step::open ? "open" : "read", t.op->slot);
  t.at = what;
  t.cancel_meets = false;
  const bool endless = what != step::open && t.file != nullptr && t.file->is == sim_file::kind::fifo;
  t.scheduled = !endless;
  if (!endless) {
    world_.in(world_.some(latency_), t);
  }
}

void sim_engine::transit::happen() noexcept {
  engine.world_.point();
  scheduled = false;
  engine.stepped(*this);
}

void sim_engine::stepped(transit& t) noexcept {
  switch (t.at) {
  case step::open: opened(t, open_result(t)); break;
  case step::read:
  case step::probe: read_ended(t, read_result(t)); break;
  case step::wait:
    if (t.op->stop().requested()) {
      go_on(t);
    } else {
      issue(t, step::open);
    }
    break;
  case step::back: {
    read_op& op = *t.op;
    t.op = nullptr;
    --busy_;
    world_.note("io back", op.slot, static_cast<std::uint64_t>(op.result));
    remote().post_remote(op);
    take();
    break;
  }
  case step::none: break;
  }
}

/// How a cancelled step may end that was not carried out.
int sim_engine::undone() noexcept { return std::array{ECANCELED, EINTR, restart}[world_.below(3)]; }

int sim_engine::open_result(transit& t) noexcept {
  const bool met = std::exchange(t.cancel_meets, false);
  if (++opens_ == at_.open) {
    ++faults_met_;
    return -at_.error;
  }
  if (met && world_.one_in(2)) { // else it succeeds, late
    return -undone();
  }
  if (world_.one_in(64)) {
    return -undone(); // without a cancel
  }
  if (t.file == nullptr) {
    return -ENOENT;
  }
  ++open_files_;
  return next_fd_++;
}

void sim_engine::opened(transit& t, int result) noexcept {
  read_op& op = *t.op;
  world_.note("opened", op.slot, static_cast<std::uint64_t>(static_cast<std::int64_t>(result)));
  if (result >= 0) {
    op.fd = result;
    op.regular = t.file->is != sim_file::kind::fifo;
    op.hint = t.file->is == sim_file::kind::regular ? t.file->bytes.size() : 0;
    if (WEIR_PLANTED(leaked_file) && op.stop().requested()) {
      op.fd = -1;
    }
    go_on(t);
    return;
  }
  const int error = -result;
  const bool nothing_done = error == ECANCELED || error == ESTALE || error == EPERM || error == ENOSYS || interrupted(error);
  const bool later = error == EMFILE || error == ENFILE || error == EAGAIN;
  if ((nothing_done || later) && op.stop().requested()) {
    op.result = read_op::outcome::cancelled;
    end(t);
  } else if (nothing_done) { // again, or with a plain call
    issue(t, step::open);
  } else if (later && !t.retried && (error == EAGAIN || busy_ > 1)) {
    t.retried = true;
    t.at = step::wait;
    t.scheduled = true;
    world_.in(1ms, t);
  } else {
    failed(op, error, true);
    end(t);
  }
}

const std::vector<std::uint8_t>& sim_engine::bytes_of(transit& t) noexcept {
  if (!t.file->becomes.empty()) {
    t.changed = t.changed || world_.one_in(3);
  }
  return t.changed ? t.file->becomes : t.file->bytes;
}

/// The kernel writes into the buffer also where the cancel meets the read, and then says that it did nothing.
long sim_engine::read_result(transit& t) noexcept {
  read_op& op = *t.op;
  const bool met = std::exchange(t.cancel_meets, false);
  if (++reads_ == at_.read) {
    ++faults_met_;
    return -at_.error;
  }
  if (t.file->is == sim_file::kind::fifo) {
    return -undone();
  }
  if (t.file->is == sim_file::kind::directory) {
    return -EISDIR;
  }
  const std::vector<std::uint8_t>& bytes = bytes_of(t);
  const std::size_t left = bytes.size() - std::min<std::size_t>(bytes.size(), op.size);
  if (t.at == step::probe) {
    return left > 0 ? 1 : 0;
  }
  const std::size_t at_most = world_.one_in(4) ? std::max<std::size_t>(left / 2, 1) : left;
  std::size_t done = 0;
  for (std::size_t i = 0; i < t.places; ++i) {
    const std::size_t n = std::min({t.into[i].iov_len, left - done, at_most - std::min(at_most, done)});
    if (n > 0) {
      std::memcpy(t.into[i].iov_base, bytes.data() + op.size + done, n);
    }
    done += n;
  }
  if ((met && world_.one_in(2)) || world_.one_in(64)) {
    return -undone();
  }
  return static_cast<long>(done);
}

void sim_engine::read_ended(transit& t, long result) noexcept {
  read_op& op = *t.op;
  world_.note("read done", op.slot, static_cast<std::uint64_t>(result));
  const int error = static_cast<int>(-result);
  if (result > 0 && t.at == step::probe) {
    needs_more(op);
    end(t);
  } else if (result > 0) {
    filled(op, static_cast<std::size_t>(result));
    go_on(t);
  } else if (result == 0) {
    op.result = read_op::outcome::done;
    close(op);
    end(t);
  } else if (interrupted(error) || error == EAGAIN || error == ECANCELED || error == EPERM || error == ENOSYS) {
    go_on(t); // again, or with a plain call
  } else {
    failed(op, error, false);
    close(op);
    end(t);
  }
}

void sim_engine::close(read_op& op) noexcept {
  if (op.fd >= 0) {
    op.fd = -1;
    --open_files_;
    world_.note("close", op.slot);
  }
}

/// Nothing of it is in the kernel any more. Its slot is its own until it is on its way back.
void sim_engine::end(transit& t) noexcept {
  t.at = step::back;
  t.scheduled = true;
  world_.in(world_.some(500ns), t);
}

} // namespace weir::io
