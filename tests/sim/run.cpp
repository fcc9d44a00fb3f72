#include "run.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "loop/sim.hpp"
#include "memory.hpp"
#include "runtime/core.hpp"
#include "runtime/sim.hpp"
#include "stage_set.hpp"
#include "workers/fiber.hpp"
#include <weir/detail/explore.hpp>

namespace weir::explore {

namespace {

using detail::explore::own_business;
using namespace std::chrono_literals;

constexpr std::uint64_t most_points = 300'000;
constexpr auto longest_end = 3s; // of simulated time, from the stop to the end: some waits of 80 ms, lost cancels, cleanups

const pictures& the_pictures() {
  static const pictures all;
  return all;
}

std::string text_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    return x.what();
  } catch (...) {
    return "something that is no exception";
  }
}

/// One run, from the making of its world to the end of its runtime.
class single_run {
public:
  single_run(const schedule& s, const std::function<void(const std::string&)>& violated, bool keep_log)
      : schedule_(s), violated_(violated), scenario_(all_scenarios()[s.pipeline]), world_(s.seed),
        machine_(world_, the_pictures().disk()), set_(world_, the_pictures(), scenario_.expected) {
    world_.on_violation = [this](const char* what) { broken(what); };
    world_.nothing_starts_after_stop = !scenario_.expected.cleans_up;
    world_.most_points = most_points;
    if (keep_log) {
      world_.keep_log();
    }
    if (s.stop_at != 0) {
      world_.at_point(s.stop_at, [this] {
        world_.note("stop");
        stopped_at_ = world_.now();
        stop_.request_stop();
        world_.stop_was_requested();
      });
    }
    arrange_faults();
  }

  counts run() {
    start_and_run();
    the_heap.counting = false;
    counts c;
    c.points = world_.points();
    c.allocations = the_heap.allocations;
    c.jobs = jobs_;
    c.how = how_.value_or(ending::failed);
    if (rt_) {
      c.opens = machine_.engine().opens();
      c.reads = machine_.engine().reads();
      c.submits = machine_.engine().submits();
      check_end();
      set_.rt = nullptr;
      rt_.reset();
    }
    check_memory();
    c.log_hash = world_.log_hash();
    c.log = world_.log();
    return c;
  }

private:
  [[noreturn]] void broken(const std::string& what) {
    const own_business ours;
    the_heap.counting = false;
    violated_(what + alive() + (what == loop::sim_loop::nothing_can_happen ? "\n" + set_.rt->core().dump() : ""));
    std::abort();
  }
  /// What is, if anything is.
  [[nodiscard]] std::string alive() const {
    const audit_report a = set_.rt != nullptr ? set_.rt->audit() : audit_report{};
    if (a.frames + a.operations + a.jobs + a.leases == 0) {
      return {};
    }
    return " (alive: " + std::to_string(a.frames) + " frames, " + std::to_string(a.operations) + " operations, " +
           std::to_string(a.jobs) + " jobs, " + std::to_string(a.leases) + " leases)";
  }
  void require(bool holds, const char* what) {
    if (!holds) {
      broken(what);
    }
  }

  void arrange_faults() {
    the_heap.allocations = the_heap.failed = the_heap.fail_at = the_heap.fail_from = 0;
    the_heap.failing_job = nullptr;
    const std::uint64_t k = schedule_.k;
    switch (schedule_.what) {
    case fault::open: machine_.io_faults = {.open = k, .error = schedule_.error}; break;
    case fault::read: machine_.io_faults = {.read = k, .error = schedule_.error}; break;
    case fault::submit: machine_.io_faults = {.submit = k}; break;
    case fault::allocation: the_heap.fail_at = k; break;
    case fault::memory: the_heap.fail_from = k; break;
    case fault::thread: machine_.threads_fail = static_cast<int>(k); break;
    case fault::job:
    case fault::none: break;
    }
    machine_.segments = &segments_;
    machine_.on_job_begin = [this] {
      ++jobs_;
      const bool fails = schedule_.what == fault::job && jobs_ == schedule_.k;
      the_heap.failing_job = fails ? workers::fiber::current() : nullptr;
    };
  }

  void start_and_run() {
    runtime_options options;
    options.workers = scenario_.workers;
    options.memory = scenario_.memory;
    options.file_memory = scenario_.file_memory;
    options.io_depth = scenario_.io_depth;
    options.resource = &blocks_;
    try {
      the_heap.counting = true;
      rt_ = machine_.make(options);
      set_.rt = rt_.get();
      task<> t = scenario_.run(set_);
      outcome_.emplace(rt_->run(std::move(t), stop_));
      the_heap.counting = false;
      how_ = outcome_->how();
    } catch (const std::exception&) { // it never began
      the_heap.counting = false;
      require(faults() != 0, "run() threw, though nothing was made to fail");
    }
  }

  [[nodiscard]] std::uint64_t faults() const noexcept {
    return the_heap.failed + (schedule_.what == fault::thread ? 1 : 0) + (rt_ ? machine_.engine().faults() : 0);
  }

  void check_end() {
    const own_business ours;
    const audit_report left = rt_->audit();
    require(left.frames == 0, "frames are left");
    require(left.leases == 0, "leases are left");
    require(left.held_by_user == 0, "blocks are counted as the user's who has none");
    require(left.operations == 0, "operations are left");
    require(left.jobs == 0, "jobs are left");
    require(rt_->metrics().memory_in_use == 0, "memory is in use");
    require(rt_->metrics().memory_high_water <= rt_->metrics().memory_budget, "the budget was exceeded");
    require(machine_.engine().open_files() == 0, "descriptors are left open");
    if (how_) {
      check_outcome();
    }
  }

  void check_outcome() {
    const expectation& e = scenario_.expected;
    const bool stop_came = stopped_at_ != detail::time_point{};
    const bool undisturbed = faults() == 0 && !stop_came;
    require(set_.after_stop <= 1, "items were given on after the stop");
    require(set_.delivered <= e.items || e.natural != ending::done, "more was delivered than there is");
    switch (*how_) {
    case ending::done: {
      require(e.natural == ending::done || faults() != 0, "it is done, though it has to fail: an error was swallowed");
      const std::size_t lost = e.exact ? static_cast<std::size_t>(faults()) : e.items;
      require(set_.delivered + lost >= e.items,
              "it is done, but not all was delivered: a stop or an error was taken for the end");
      break;
    }
    case ending::failed:
      if (undisturbed && e.natural == ending::done) {
        broken("it failed, though nothing was made to fail: " + text_of(outcome_->error()));
      }
      require(stop_came || faults() != 0 || e.natural == ending::failed, "it failed");
      if (schedule_.what == fault::none && e.natural == ending::done && !e.cleans_up) {
        broken("a stop became an error: " + text_of(outcome_->error()));
      }
      break;
    case ending::stopped: require(stop_came, "it is stopped, though nobody asked for that"); break;
    }
    if (set_.short_batch) {
      const std::size_t lost = e.exact ? static_cast<std::size_t>(faults()) : e.items;
      require(set_.delivered + lost >= e.items, "a part of a batch was given on");
    }
    require(!stop_came || world_.now() - stopped_at_ < longest_end, "the stop took too long");
  }

  void check_memory() {
    const char* bad = blocks_.look();
    bad = bad != nullptr ? bad : segments_.look();
    if (bad != nullptr) {
      broken(bad);
    }
    require(blocks_.live() == 0 && segments_.live() == 0, "memory was not given back to its resource");
  }

  const schedule& schedule_;
  const std::function<void(const std::string&)>& violated_;
  const scenario& scenario_;
  loop::world world_;
  detail::simulation machine_;
  quarantine blocks_;
  quarantine segments_;
  stage_set set_;
  stop_handle stop_;
  detail::time_point stopped_at_{};
  std::uint64_t jobs_ = 0;
  std::unique_ptr<runtime> rt_;
  std::optional<outcome<>> outcome_;
  std::optional<ending> how_;
};

const std::function<void(const std::string&)>* told = nullptr;

} // namespace

counts run(const schedule& s, const std::function<void(const std::string&)>& violated, bool keep_log) {
  watch_pools();
  told = &violated;
  on_broken_memory = [](const char* what) { (*told)(what); };
  (void)the_pictures();
  (void)all_scenarios();
  const std::int64_t live = the_heap.live;
  counts c;
  {
    single_run one(s, violated, keep_log);
    c = one.run();
  }
  if (the_heap.live != live + (c.log.capacity() > 15 ? 1 : 0)) {
    violated("memory of the heap has leaked");
  }
  return c;
}

} // namespace weir::explore
