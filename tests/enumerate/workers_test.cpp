// src/workers/pool.cpp: the workers' queue, their idle list, and the jobs' way back.
#include "exploring.hpp"

#include <memory>

#include "loop/own.hpp"
#include "workers/pool.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::limits;
using enumerate::plant;
using enumerate::require;

namespace {

struct counted_job : workers::job {
  counted_job() noexcept : job(&counted_job::on_worker, &counted_job::back) {}
  static void on_worker(job& j, int worker) noexcept {
    auto& c = static_cast<counted_job&>(j);
    if (c.takes_long_for != nullptr) {
      c.takes_long_for->hand_over_kept(worker);
    }
    ++c.runs;
    c.result.set(c.result.get() + 1);
  }
  static void back(loop::remote_node& n) noexcept {
    auto& c = static_cast<counted_job&>(n);
    ++c.ends;
    require(c.ran == (c.result.get() == 1), "the job's result is there, if it ran");
    if (--*c.left == 0) {
      c.home->quit();
    }
  }
  enumerate::cell<int> result;
  int runs = 0;
  int ends = 0;
  int* left = nullptr;
  workers::pool* takes_long_for = nullptr; // though it is brief
  loop::own_loop* home = nullptr;
};

struct plan {
  int workers = 1;
  bool brief = false;
  bool together = false;
  bool at_once = false;    // submitted, and so taken where they are brief
  bool takes_long = false; // the first one
  bool cancels = false;    // the second one, after the flush
  bool stops_root = false; // from another thread, at any moment
};

template<int Jobs = 2> enumerate::scenario some_jobs(plan p) {
  return [=](execution& e) {
    struct state {
      loop::own_loop home;
      counted_job jobs[Jobs];
      sync::atomic<bool> root{false};
      int left = Jobs;
    };
    auto s = std::make_shared<state>();
    for (counted_job& j : s->jobs) {
      j.left = &s->left;
      j.home = &s->home;
      j.brief = p.brief;
      j.together = p.together ? s.get() : nullptr;
      j.root = &s->root;
      j.result.set(0);
    }
    e.thread("loop", [=] {
      workers::pool crew(p.workers, s->home, {.nice = 0, .scratch_bytes = 0, .scratch_memory = nullptr});
      s->jobs[0].takes_long_for = p.takes_long ? &crew : nullptr;
      for (counted_job& j : s->jobs) {
        crew.submit(j);
        if (!p.at_once) {
          crew.flush();
        }
      }
      crew.flush();
      if (p.cancels) {
        crew.cancel(s->jobs[1]);
      }
      s->home.run();
      require(crew.queued() == 0 && crew.running() == 0, "no job is left with the workers");
    });
    if (p.stops_root) {
      e.thread("stops", [s] { s->root.store(true, std::memory_order_relaxed); });
    }
    e.afterwards([=] {
      for (const counted_job& j : s->jobs) {
        require(j.ends == 1, "each job comes back once");
        require(j.runs <= 1, "none runs twice");
        require(p.cancels || p.stops_root || j.runs == 1, "each runs, if nobody stops it");
      }
      require(p.stops_root || s->jobs[0].runs == 1, "the other job of a cancelled one runs");
    });
  };
}

} // namespace

TEST_CASE("jobs run once and come back once, with their results, and the workers end: one worker") {
  check_all(some_jobs({.workers = 1}), {.preemptions = 3, .surprises = 1});
  check_all(some_jobs({.workers = 1, .brief = true}), {.preemptions = 3, .surprises = 1});
  check_all(some_jobs({.workers = 1, .together = true}), {.preemptions = 3, .surprises = 1});
}

TEST_CASE("jobs run once and come back once, with their results, and the workers end: two workers") {
  check_all(some_jobs({.workers = 2}), {.preemptions = 2, .surprises = 0});
}

TEST_CASE("brief jobs that are taken together run once and come back once, also if one of them takes long") {
  check_all(some_jobs({.workers = 1, .brief = true, .at_once = true}), {.preemptions = 3, .surprises = 1});
  check_all(some_jobs({.workers = 1, .brief = true, .at_once = true, .takes_long = true}), {.preemptions = 3, .surprises = 1});
  check_all(some_jobs({.workers = 1, .brief = true, .at_once = true, .takes_long = true, .cancels = true}),
            {.preemptions = 3, .surprises = 1});
  check_all(some_jobs<4>({.workers = 2, .brief = true, .at_once = true, .takes_long = true}),
            {.preemptions = 1, .surprises = 0});
}

TEST_CASE("a job that is cancelled at the moment when a worker takes it comes back once, run or not") {
  check_all(some_jobs({.workers = 1, .cancels = true}), {.preemptions = 3, .surprises = 1});
  check_all(some_jobs({.workers = 1, .together = true, .cancels = true}), {.preemptions = 3, .surprises = 1});
}

TEST_CASE("a root that stops at any moment keeps no job from coming back") {
  check_all(some_jobs({.workers = 1, .stops_root = true}), {.preemptions = 2, .surprises = 1});
  check_all(some_jobs({.workers = 1, .together = true, .stops_root = true}), {.preemptions = 2, .surprises = 1});
}

TEST_CASE("a worker that nobody wakes, and a result that nothing orders, are found") {
  check_found(some_jobs({}), plant::skip(action::wake, "futex_wake"), lost_wake);
  check_found(some_jobs({}), plant::skip(action::store, "pool::wake"), lost_wake);
  check_found(some_jobs({}), plant::skip(action::store, "pool::take"), "it goes on for ever");
  check_found(some_jobs({}), plant::weaken(action::change, "push_chain"), race);
}
