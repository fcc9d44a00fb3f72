#include "fake_kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace weir::test {

namespace {

fake_kernel* running = nullptr;

constexpr std::size_t too_many_calls = 20'000; // no run of a test needs them
constexpr unsigned very_late = 30;             // calls later
constexpr std::size_t delivered_at_once = 20;  // a ring with deferred work hands over no more

} // namespace

fake_kernel::fake_kernel(plan& decides) : plan_(decides), sqes_(most_entries), cqes_(most_completions) {
  running = this;
  files["/proc/self/exe"] = {kind::regular, "x", false}; // the ring is tried on it
}

fake_kernel::~fake_kernel() { running = nullptr; }

fake_kernel& fake_kernel::now() noexcept { return *running; }

std::size_t fake_kernel::choose(std::string_view point, std::size_t options) {
  if (gives_up_) {
    return 0;
  }
  const std::size_t told = overrule ? overrule(point, options) : unset;
  const std::size_t taken = told != unset ? told : plan_.choose(options);
  if (told_of) {
    told_of(point, taken);
  }
  return taken;
}

int fake_kernel::fail(int error) {
  injected_.insert(error);
  return -error;
}

/// Another call: others act meanwhile, or not; time passes for what is under way.
bool fake_kernel::entered() {
  if (++calls_ > too_many_calls) {
    violate("it goes on for ever");
    gives_up_ = true;
  }
  if (calls_ > 2 * too_many_calls) {
    std::fputs((violation_ + ": " + plan_.text() + '\n').c_str(), stderr);
    std::abort();
  }
  if (meanwhile && choose("meanwhile", 2) != 0) {
    meanwhile();
  }
  advance();
  return true;
}

// --- the ring

int fake_kernel::set_up(io_uring& ring, unsigned entries, const io_uring_params& params) {
  entered();
  switch (choose("set up", 6)) {
  case 1: return -EINTR;
  case 2: return -EAGAIN;
  case 3: return -ENOMEM;
  case 4: return (params.flags & IORING_SETUP_DEFER_TASKRUN) != 0 ? -EINVAL : -EINTR;
  case 5: return fail(EPERM);
  default: break;
  }
  ring = {};
  ring.flags = params.flags;
  ring.features = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG;
  ring.sq.khead = &sq_head_;
  ring.sq.ktail = &sq_tail_;
  ring.sq.kflags = &sq_flags_;
  ring.sq.sqes = sqes_.data();
  ring.sq.ring_entries = std::min(entries, submission_entries);
  ring.sq.ring_mask = most_entries - 1;
  ring.cq.khead = &cq_head_;
  ring.cq.ktail = &cq_tail_;
  ring.cq.cqes = cqes_.data();
  ring.cq.ring_entries = most_completions;
  ring.cq.ring_mask = most_completions - 1;
  return 0;
}

void fake_kernel::tear_down(io_uring&) {
  if (!forbidden_ && (!under_way_.empty() || !completed_.empty() || cq_head_ != cq_tail_)) {
    violate("the ring was torn down before its last completion was seen");
  }
  scribble(); // it goes on writing even then
}

int fake_kernel::enter(io_uring& ring, bool submit, int limit_ms, bool waits) {
  entered();
  if (forbidden_) {
    return -EPERM;
  }
  if (busy_for_ > 0 && !gives_up_) {
    --busy_for_;
    return -EBUSY;
  }
  const std::size_t what = choose("enter", 8);
  switch (what) {
  case 1: return -EINTR;
  case 2: return -EAGAIN;
  case 3: return -EBUSY;
  case 4: return -ENOMEM;
  case 5: forbidden_ = true; return -EPERM;
  case 6: busy_for_ = 6; return -EBUSY;
  default: break;
  }
  const unsigned queued = ring.sq.sqe_tail - sq_head_;
  const unsigned taken = !submit ? 0 : what == 7 ? (queued + 1) / 2 : queued;
  take(ring, taken);
  deliver();
  while (waits && taken == queued && cq_tail_ == cq_head_) { // one that didn't take all doesn't wait
    if (!let_time_pass(limit_ms)) {
      return -ETIME;
    }
    deliver();
  }
  return static_cast<int>(taken);
}

/// Something happens: somebody else does something, or what is under way goes on. False: not before the limit.
bool fake_kernel::let_time_pass(int limit_ms) {
  if (++calls_ > too_many_calls) {
    violate("it goes on for ever");
    gives_up_ = true;
  }
  if (meanwhile && meanwhile()) {
    advance();
    return true;
  }
  const bool goes_on = std::any_of(under_way_.begin(), under_way_.end(), [](const request& r) { return r.after > 0; });
  if (goes_on) {
    advance();
    return true;
  }
  if (limit_ms >= 0) {
    time_ += std::chrono::milliseconds(limit_ms);
    return false;
  }
  violate("it sleeps, and nothing can ever happen again");
  if (gives_up_) {
    std::fputs((violation_ + ": " + plan_.text() + '\n').c_str(), stderr);
    std::abort();
  }
  gives_up_ = true; // everything that waits is ready from now on, so that the run ends and can be reported
  advance();
  return true;
}

void fake_kernel::take(io_uring& ring, unsigned count) {
  std::size_t bytes = 0;
  for (; count > 0; --count) {
    request r;
    const io_uring_sqe& entry = ring.sq.sqes[sq_head_++ & ring.sq.ring_mask];
    r.opcode = entry.opcode;
    r.fd = entry.fd;
    r.address = entry.addr;
    r.offset = entry.off;
    r.user_data = entry.user_data;
    if (r.opcode == IORING_OP_READ) {
      r.places.push_back({reinterpret_cast<void*>(entry.addr), entry.len});
    } else if (r.opcode == IORING_OP_READV) {
      const auto* const places = reinterpret_cast<const iovec*>(entry.addr);
      r.places.assign(places, places + entry.len);
    }
    for (const iovec& place : r.places) {
      bytes += place.iov_len;
    }
    begin(r);
  }
  most_read_a_call_ = std::max(most_read_a_call_, bytes);
}

void fake_kernel::begin(request& r) {
  static constexpr std::array<int, 8> open_errors = {EAGAIN, EINTR, ECANCELED, 512, EMFILE, EACCES, ENOMEM, ESTALE};
  static constexpr std::array<int, 6> read_errors = {EAGAIN, EINTR, ECANCELED, 512, EIO, ENOMEM};
  static constexpr std::array<int, 3> poll_errors = {ECANCELED, EINTR, ENOMEM};
  static constexpr std::array<int, 4> close_errors = {EINTR, EIO, ECANCELED, EAGAIN};
  const auto error = [&](std::span<const int> errors, std::size_t which) {
    r.started = true;
    r.result = fail(errors[which]);
  };
  std::size_t what = 0;
  r.bytes = ~std::size_t{0};
  switch (r.opcode) {
  case IORING_OP_OPENAT:
    what = choose("open", 3 + open_errors.size());
    r.after = what == 1 ? 2 : what == 2 ? 8 : 0;
    if (what > 2) {
      error(open_errors, what - 3);
    }
    break;
  case IORING_OP_READ:
  case IORING_OP_READV:
    what = choose("read", 6 + read_errors.size());
    r.after = what == 1 ? 2 : what == 2 ? 8 : what == 5 ? 1 : 0;
    r.parked = what == 5;
    if (what == 3) {
      r.bytes = std::max<std::size_t>(r.places[0].iov_len / 2, 1);
    } else if (what == 4) {
      r.bytes = 1;
    } else if (what > 5) {
      error(read_errors, what - 6);
    }
    break;
  case IORING_OP_POLL_ADD:
    what = choose("poll", 2 + poll_errors.size());
    if (what == 1) {
      r.started = true;
      r.result = POLLIN;
    } else if (what > 1) {
      error(poll_errors, what - 2);
    } else {
      r.waits = !ready(r.fd);
    }
    break;
  case IORING_OP_CLOSE:
    what = choose("close", 2 + close_errors.size());
    r.after = what == 1 ? 3 : 0;
    if (what > 1) {
      error(close_errors, what - 2);
    }
    break;
  case IORING_OP_ASYNC_CANCEL: cancel(r); break;
  default: violate("an operation that this kernel doesn't know"); break;
  }
  if (r.after > 0 || r.waits) {
    under_way_.push_back(r);
  } else {
    finish(r);
  }
}

/// What a cancel answers says nothing about its target; only what the target then answers does.
void fake_kernel::cancel(request& c) {
  c.started = true;
  const auto target = std::find_if(under_way_.begin(), under_way_.end(), [&](const request& r) {
    return r.user_data == c.address && r.opcode != IORING_OP_ASYNC_CANCEL;
  });
  if (target == under_way_.end()) {
    c.result = -ENOENT;
    c.after = choose("cancel of nothing", 2) != 0 ? 3 : 0;
    return;
  }
  if (cancelling) {
    cancelling(target->fd, reinterpret_cast<const char*>(target->address));
  }
  const auto ends = [&](int result, unsigned after) {
    target->started = true;
    target->waits = false;
    target->result = result;
    target->after = after;
  };
  switch (choose("cancel", 8)) {
  case 1: c.result = -ENOENT; return; // lost: the target stays
  case 2:                             // it is too late: the target ends as it would have
    c.result = -EALREADY;
    if (target->waits) {
      ends(-ECANCELED, 3);
    }
    return;
  case 3: // the target's completion comes first
    c.after = 2;
    ends(-ECANCELED, 1);
    return;
  case 4: c.result = -EALREADY; return ends(-EINTR, 2);
  case 5: c.result = -EALREADY; return ends(-512, 2);
  case 6: c.after = very_late; break; // its own answer
  case 7:
    c.result = -ENOENT;
    c.after = very_late;
    return;
  default: break;
  }
  if (target->waits) {
    ends(-ECANCELED, 1);
  } else if (target->parked) {
    c.result = -ENOENT;
  } else {
    c.result = -EALREADY; // an open or a read that has begun
  }
}

void fake_kernel::advance() {
  scribble();
  std::deque<request> before;
  before.swap(under_way_);
  for (request& r : before) {
    if (r.waits && (gives_up_ || ready(r.fd))) {
      r.waits = false;
    }
    if (r.after > 0) {
      --r.after;
    }
    if (r.waits || r.after > 0) {
      under_way_.push_back(std::move(r));
    } else {
      finish(r);
    }
  }
}

void fake_kernel::finish(request& r) {
  int result = r.result;
  if (r.opcode == IORING_OP_CLOSE && (!r.started || result == -EINTR || result == -EIO)) {
    if (open_.erase(r.fd) == 0) {
      violate("a descriptor was closed that isn't open");
    }
  }
  if (!r.started) {
    switch (r.opcode) {
    case IORING_OP_OPENAT: {
      const auto found = files.find(reinterpret_cast<const char*>(r.address));
      result = found == files.end() ? -ENOENT : next_fd_;
      if (result > 0) {
        open_[next_fd_++] = {&found->second};
      }
      break;
    }
    case IORING_OP_READ:
    case IORING_OP_READV: {
      const auto from = open_.find(r.fd);
      if (from == open_.end()) {
        violate("a read of a descriptor that isn't open");
        result = -EBADF;
      } else if (from->second.of->is == kind::directory) {
        result = -EISDIR;
      } else {
        result = static_cast<int>(copy(from->second, r.places, r.offset, r.bytes));
      }
      break;
    }
    case IORING_OP_POLL_ADD: result = POLLIN; break;
    default: break;
    }
  }
  post(r.user_data, result);
}

void fake_kernel::post(std::uint64_t user_data, int result) {
  io_uring_cqe done{};
  done.user_data = user_data;
  done.res = result;
  completed_.push_back(done);
}

unsigned fake_kernel::deliver() {
  if (completed_.size() > 1 && choose("order", 2) != 0) {
    std::reverse(completed_.begin(), completed_.end());
  }
  unsigned n = 0;
  for (; n < delivered_at_once && !completed_.empty(); ++n) {
    cqes_[cq_tail_++ & (most_completions - 1)] = completed_.front();
    completed_.pop_front();
  }
  return n;
}

/// The kernel may write to a buffer at any time until the completion: so it does.
void fake_kernel::scribble() noexcept {
  for (const request& r : under_way_) {
    for (const iovec& place : r.places) {
      std::memset(place.iov_base, 0xee, place.iov_len);
    }
  }
}

bool fake_kernel::may_write_to(const std::byte* from, std::size_t bytes) const noexcept {
  for (const request& r : under_way_) {
    for (const iovec& place : r.places) {
      const auto* const begin = static_cast<const std::byte*>(place.iov_base);
      if (begin < from + bytes && from < begin + place.iov_len) {
        return true;
      }
    }
  }
  return false;
}

bool fake_kernel::reads_path(const char* path) const noexcept {
  return std::any_of(under_way_.begin(), under_way_.end(), [&](const request& r) {
    return r.opcode == IORING_OP_OPENAT && reinterpret_cast<const char*>(r.address) == path;
  });
}

} // namespace weir::test
