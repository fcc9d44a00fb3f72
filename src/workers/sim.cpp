#include "sim.hpp"

#include <array>
#include <cassert>
#include <utility>

#include <weir/detail/explore.hpp>

namespace weir::workers {

namespace {
constexpr std::size_t scratch_bytes = 64 * 1024;
}

sim_crew::worker::worker(sim_crew& c, int index)
    : crew_(c), index_(index), scratch_(new std::byte[scratch_bytes]), fiber_([this] { work(); }, this) {}

void sim_crew::worker::work() noexcept {
  for (;;) {
    job& j = *current_;
    if (j.may_begin()) {
      crew_.world_.starts("a job began after the stop");
      j.ran = true;
      if (crew_.on_begin) {
        crew_.on_begin();
      }
      j.work(j, index_);
    }
    finished_ = std::exchange(current_, nullptr);
    if (!fiber_.pause()) {
      return;
    }
  }
}

void sim_crew::worker::happen() noexcept {
  loop::world& w = crew_.world_;
  w.point();
  if (job* const done = std::exchange(finished_, nullptr); done != nullptr) {
    w.note("job back", static_cast<std::uint64_t>(index_), done->ran ? 1 : 0);
    --crew_.running_;
    crew_.home_.post_remote(*done);
  }
  if (current_ == nullptr) {
    current_ = crew_.queue_.pop_front();
    if (current_ == nullptr) {
      idle = true;
      return;
    }
    current_->where = job::place::elsewhere;
    ++crew_.running_;
    w.note("job taken", static_cast<std::uint64_t>(index_));
  }
  const int aside = std::exchange(detail::explore::aside, 0); // what the job does is the library's
  fiber_.resume();
  detail::explore::aside = aside;
  w.in(w.some(crew_.slice_), *this);
}

sim_crew::sim_crew(int workers, loop::world& w, loop::remote& home)
    : world_(w), home_(home), slice_(std::array{200, 5'000, 100'000}[w.below(3)]),
      pauses_(std::array{1U, 3U, 12U, 1000U}[w.below(4)]) {
  for (int i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<worker>(*this, i));
  }
  detail::explore::looks_at_flag = &checkpoint;
}

sim_crew::~sim_crew() { assert(queued() == 0 && running_ == 0); }

void sim_crew::checkpoint() noexcept {
  if (fiber* const f = fiber::current(); f != nullptr) {
    sim_crew& crew = static_cast<worker*>(f->owner())->crew_;
    if (crew.world_.one_in(crew.pauses_)) {
      f->pause();
    }
  }
}

void sim_crew::submit(job& j) noexcept {
  assert(j.where == job::place::elsewhere);
  world_.note("job submitted");
  j.ran = false;
  j.where = job::place::buffered;
  buffered_.push_back(j);
}

void sim_crew::flush() noexcept {
  while (job* const j = buffered_.pop_front()) {
    j->where = job::place::queued;
    queue_.push_back(*j);
    wake_idle();
  }
}

void sim_crew::wake_idle() noexcept {
  for (auto& w : workers_) {
    if (w->idle) {
      w->idle = false;
      world_.in(world_.some(slice_), *w);
      return;
    }
  }
}

void sim_crew::cancel(job& j) noexcept {
  world_.note("job cancelled", static_cast<std::uint64_t>(j.where));
  j.cancelled.store(true, std::memory_order_relaxed);
  if (j.where == job::place::buffered) {
    buffered_.remove(j);
  } else if (j.where == job::place::queued) {
    queue_.remove(j);
  } else {
    return;
  }
  j.where = job::place::elsewhere;
  home_.post_remote(j);
}

std::span<std::byte> sim_crew::scratch(int index) const noexcept {
  return {workers_[static_cast<std::size_t>(index)]->scratch_.get(), scratch_bytes};
}

} // namespace weir::workers
