#include "pool.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>

#include "../loop/futex.hpp"
#include "../loop/thread_signals.hpp"

namespace weir::workers {

namespace {
// What a worker finished may wait so long and in such numbers: before brief jobs, and brief jobs that it has taken as long for
// it to begin; before others that it is together with.
constexpr auto hold_for = std::chrono::microseconds(400);
constexpr auto hold_together_for = std::chrono::milliseconds(3);
constexpr std::size_t hold_at_most = 16;
constexpr std::size_t group_at_most = 8;        // brief jobs that a worker takes at a time
constexpr std::size_t scratch_alignment = 4096; // no page, so no cache line, of two workers

using clock = sync::clock;
} // namespace

// Jobs that a worker has ended and not yet handed back, linked in that order.
struct pool::finished {
  loop::remote_node* first = nullptr;
  loop::remote_node* last = nullptr;
  std::size_t count = 0;
  const void* together = nullptr; // all of them
  clock::time_point since;

  void add(job& j) noexcept {
    if (first == nullptr) {
      first = &j;
    } else {
      last->next = &j;
    }
    last = &j;
    j.next = nullptr;
    if (++count == 1) {
      together = j.together;
      since = clock::now();
    } else if (together != j.together) {
      together = nullptr;
    }
  }
};

struct pool::worker {
  alignas(64) sync::atomic<std::uint32_t> awake{1}; // the futex; 0 from the going on the idle list to the wake
  worker* next_idle = nullptr;                      // under the lock; then the waker's
  int index = 0;
  finished done;  // the worker's own
  job_list group; // what it has taken and not begun; the worker's own
  clock::time_point group_since;
  sync::thread thread;
};

pool::pool(int threads, loop::remote& home, pool_options options)
    : home_(home), threads_(threads),
      scratch_bytes_((options.scratch_bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment),
      scratch_memory_(options.scratch_memory != nullptr ? options.scratch_memory : std::pmr::new_delete_resource()) {
  if (threads < 1) {
    throw std::invalid_argument("a worker pool needs at least one thread");
  }
  const auto count = static_cast<std::size_t>(threads);
  workers_ = std::make_unique<worker[]>(count);
  if (scratch_bytes_ != 0) {
    scratch_ = static_cast<std::byte*>(scratch_memory_->allocate(scratch_bytes_ * count, scratch_alignment));
  }
  try {
    start(options.nice);
  } catch (...) {
    stop();
    throw;
  }
}

pool::~pool() {
  assert(queued() == 0 && running() == 0);
  stop();
}

void pool::start(int nice) {
  const int priority = std::min(getpriority(PRIO_PROCESS, 0) + nice, 19);
  const loop::signals_blocked inherited;
  for (int i = 0; i < threads_; ++i) {
    worker& w = workers_[static_cast<std::size_t>(i)];
    w.index = i;
    w.thread = sync::thread([this, &w, nice, priority] {
      char name[16];
      std::snprintf(name, sizeof name, "weir-work-%u", static_cast<unsigned>(w.index) % 100'000U);
      pthread_setname_np(pthread_self(), name);
      if (nice != 0) {
        setpriority(PRIO_PROCESS, 0, priority); // of this thread alone, on Linux; where it is forbidden all are equal
      }
      work(w);
    });
  }
}

void pool::stop() noexcept {
  worker* idle = nullptr;
  {
    const std::lock_guard hold(lock_);
    stopping_ = true;
    idle = std::exchange(idle_, nullptr);
  }
  wake(idle);
  for (std::size_t i = 0; i < static_cast<std::size_t>(threads_); ++i) {
    if (workers_[i].thread.joinable()) {
      workers_[i].thread.join();
    }
  }
  if (scratch_ != nullptr) {
    scratch_memory_->deallocate(scratch_, scratch_bytes_ * static_cast<std::size_t>(threads_), scratch_alignment);
  }
}

void pool::submit(job& j) noexcept {
  assert(j.where == job::place::elsewhere);
  j.ran = false;
  j.urgent = false;
  j.where = job::place::buffered;
  buffered_.push_back(j);
}

void pool::flush() noexcept {
  if (buffered_.size() == 0) {
    return;
  }
  const std::size_t added = buffered_.size();
  worker* to_wake = nullptr;
  {
    const std::lock_guard hold(lock_);
    while (job* j = buffered_.pop_front()) {
      j->where = job::place::queued;
      queue_.push_back(*j);
    }
    to_wake = take_idle(added);
  }
  wake(to_wake);
}

void pool::cancel(job& j) noexcept {
  j.cancelled.store(true, std::memory_order_relaxed);
  {
    const std::lock_guard hold(lock_);
    if (j.where == job::place::buffered) {
      buffered_.remove(j);
    } else if (j.where == job::place::queued) {
      queue_.remove(j);
    } else {
      return;
    }
    j.where = job::place::elsewhere;
  }
  home_.post_remote(j);
}

void pool::wake(worker* idle) noexcept {
  while (idle != nullptr) {
    worker& w = *idle;
    idle = w.next_idle; // from the store on it is the worker's again
    w.awake.store(1, std::memory_order_release);
    loop::futex_wake(w.awake);
  }
}

void pool::work(worker& me) noexcept {
  finished& done = me.done;
  while (job* j = take(me)) {
    if (done.count != 0 && !may_wait(done, *j)) {
      hand_over(done);
    }
    if (j->may_begin()) {
      j->ran = true;
      j->work(*j, me.index);
    }
    done.add(*j);
    if (j->urgent || (!j->brief && j->together == nullptr)) {
      hand_over(done);
    }
  }
}

// The next job; sleeps until there is one; null when the pool ends.
job* pool::take(worker& me) noexcept {
  if (me.group.size() != 0 && clock::now() - me.group_since > hold_for) {
    give_group_back(me);
  }
  if (job* j = me.group.pop_front()) {
    return j;
  }
  std::unique_lock hold(lock_);
  for (;;) {
    if (job* j = take_from_queue(me)) {
      return j;
    }
    if (me.done.count != 0) {
      hold.unlock();
      hand_over(me.done);
      hold.lock();
      continue;
    }
    if (stopping_) {
      return nullptr;
    }
    me.awake.store(0, std::memory_order_relaxed);
    me.next_idle = idle_;
    idle_ = &me;
    hold.unlock();
    while (me.awake.load(std::memory_order_acquire) == 0) {
      loop::futex_wait(me.awake, 0);
    }
    hold.lock();
  }
}

// Under the lock. Of brief jobs so many that each worker could have as many.
job* pool::take_from_queue(worker& me) noexcept {
  const std::size_t share = std::min(group_at_most, queue_.size() / static_cast<std::size_t>(threads_));
  job* const first = queue_.pop_front();
  if (first == nullptr) {
    return nullptr;
  }
  first->where = job::place::elsewhere;
  std::size_t taken = 1;
  for (; first->brief && taken < share && queue_.front()->brief; ++taken) {
    job* const j = queue_.pop_front();
    j->where = job::place::elsewhere;
    me.group.push_back(*j);
  }
  if (taken > 1) {
    me.group_since = clock::now();
  }
  running_.fetch_add(taken, std::memory_order_relaxed);
  return first;
}

// Under the lock: up to so many sleepers, to be woken after it.
pool::worker* pool::take_idle(std::size_t most) noexcept {
  worker* taken = nullptr;
  for (; idle_ != nullptr && most > 0; --most) {
    worker* const w = idle_;
    idle_ = w->next_idle;
    w->next_idle = taken;
    taken = w;
  }
  return taken;
}

// Whether what is finished may wait until the next job is as well.
bool pool::may_wait(const finished& done, const job& next) noexcept {
  const bool together = next.together != nullptr && next.together == done.together;
  if (done.count >= hold_at_most || (!next.brief && !together)) {
    return false;
  }
  return clock::now() - done.since < (together ? clock::duration(hold_together_for) : clock::duration(hold_for));
}

void pool::hand_over_kept(int index) noexcept {
  worker& me = workers_[static_cast<std::size_t>(index)];
  if (me.done.count != 0) {
    hand_over(me.done);
  }
  if (me.group.size() != 0) {
    give_group_back(me);
  }
}

// So that others can have it.
void pool::give_group_back(worker& me) noexcept {
  worker* to_wake = nullptr;
  {
    const std::lock_guard hold(lock_);
    running_.fetch_sub(me.group.size(), std::memory_order_relaxed);
    to_wake = take_idle(me.group.size());
    me.group.each([](job& j) { j.where = job::place::queued; });
    queue_.prepend(me.group);
  }
  wake(to_wake);
}

// From the post on the jobs are their owners', and may be submitted again at once.
void pool::hand_over(finished& done) noexcept {
  running_.fetch_sub(done.count, std::memory_order_relaxed);
  home_.post_remote_chain(*done.first, *done.last);
  done = finished{};
}

std::size_t pool::queued() const noexcept {
  const std::lock_guard hold(lock_);
  return buffered_.size() + queue_.size();
}

std::size_t pool::running() const noexcept { return running_.load(std::memory_order_relaxed); }

std::size_t pool::outstanding() const noexcept {
  const std::lock_guard hold(lock_); // from here to there, and back, they go under it
  return buffered_.size() + queue_.size() + running();
}

std::span<std::byte> pool::scratch(int index) const noexcept {
  return {scratch_ + static_cast<std::size_t>(index) * scratch_bytes_, scratch_bytes_};
}

} // namespace weir::workers
