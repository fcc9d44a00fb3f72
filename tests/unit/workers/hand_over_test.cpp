#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "loop/own.hpp"
#include "test_job.hpp"
#include "workers/pool.hpp"

namespace loop = weir::loop;
namespace workers = weir::workers;

TEST_CASE("what is finished never waits for a job that isn't brief, nor together with all of it") {
  const int one = 0;
  const int other = 0;
  struct {
    bool brief;
    const void* together;
    const void* lengthy_is_with;
  } const cases[] = {{true, nullptr, nullptr}, {true, nullptr, &one}, {true, &one, &other},
                     {false, &one, nullptr},   {false, &one, &other}, {false, nullptr, &one}};
  for (const auto& c : cases) {
    loop::own_loop l;
    workers::pool p(1, l);
    gate g;
    std::deque<test_job> finished(2);
    test_job lengthy;
    finished[0].together = c.lengthy_is_with; // as the lengthy one: but not both are
    finished[1].together = c.together;
    finished[0].brief = finished[1].brief = c.brief;
    finished[1].on_loop = [&] { g.let_go(); }; // else this hangs
    lengthy.together = c.lengthy_is_with;
    lengthy.on_worker = [&](int) { g.pass(); };
    lengthy.on_loop = [&] { l.quit(); };
    p.submit(finished[0]);
    p.submit(finished[1]);
    p.submit(lengthy);
    p.flush();
    l.run();
    REQUIRE(lengthy.came_back == 1);
  }
}

TEST_CASE("jobs that are together come back together") {
  using namespace std::chrono_literals;
  const int all = 0;
  bool waited = false;
  for (int attempt = 0; attempt < 100 && !waited; ++attempt) { // on a busy machine the worker may be kept from going on at once
    loop::own_loop l;
    workers::pool p(1, l);
    std::atomic<bool> back{false};
    test_job first;
    test_job second;
    first.together = second.together = &all;
    first.on_loop = [&] { back = true; };
    second.on_worker = [&](int) {
      std::this_thread::sleep_for(10ms);
      waited = !back;
    };
    second.on_loop = [&] { l.quit(); };
    p.submit(first);
    p.submit(second);
    p.flush();
    l.run();
    REQUIRE(first.came_back == 1);
  }
  REQUIRE(waited);
}

TEST_CASE("what is urgent comes back at once, with all that was kept before it") {
  const int all = 0;
  loop::own_loop l;
  workers::pool p(1, l);
  gate g;
  std::deque<test_job> jobs(3);
  for (test_job& j : jobs) {
    j.together = &all;
  }
  jobs[1].on_worker = [&](int) { jobs[1].urgent = true; };
  jobs[1].on_loop = [&] { // else this hangs
    CHECK(jobs[0].came_back == 1);
    g.let_go();
  };
  jobs[2].on_worker = [&](int) { g.pass(); };
  jobs[2].on_loop = [&] { l.quit(); };
  for (test_job& j : jobs) {
    p.submit(j);
  }
  p.flush();
  l.run();
  REQUIRE(jobs[2].came_back == 1);
}

TEST_CASE("what is finished waits only a moment, and for few, however many brief jobs, or others of its own, come behind it") {
  using namespace std::chrono_literals;
  const int all = 0;
  struct {
    const void* together;
    std::size_t count;
    std::chrono::milliseconds each;
  } const cases[] = {{nullptr, 3, 5ms}, {&all, 3, 10ms}, {nullptr, 40, 0ms}, {&all, 40, 0ms}};
  for (const auto& c : cases) {
    loop::own_loop l;
    workers::pool p(1, l);
    gate g;
    std::deque<test_job> jobs(c.count);
    for (test_job& j : jobs) {
      j.brief = c.together == nullptr;
      j.together = c.together;
      j.on_worker = [&](int) { std::this_thread::sleep_for(c.each); };
      p.submit(j);
    }
    jobs.front().on_loop = [&] { g.let_go(); }; // else this hangs
    jobs.back().on_worker = [&](int) { g.pass(); };
    jobs.back().on_loop = [&] { l.quit(); };
    p.flush();
    l.run();
    REQUIRE(jobs.back().came_back == 1);
  }
}

namespace {

/// Brief jobs, submitted at once.
class brief_jobs {
public:
  brief_jobs(int workers, std::size_t count) : crew(workers, home_), all(count), left_(count) {}

  /// `back` is called on the loop for each that has come back.
  template<class Back> void run(Back back) {
    for (test_job& j : all) {
      j.brief = true;
      j.on_loop = [this, &j, back] {
        back(j);
        if (--left_ == 0) {
          home_.quit();
        }
      };
      crew.submit(j);
    }
    crew.flush();
    home_.run();
    for (const test_job& j : all) {
      REQUIRE(j.came_back == 1);
    }
  }
  /// How many have not come back. Any thread.
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

private:
  loop::own_loop home_;

public:
  workers::pool crew;
  std::deque<test_job> all;

private:
  std::atomic<std::size_t> left_;
};

} // namespace

TEST_CASE("a brief job that finds that it will take long hands over what was kept before it") {
  brief_jobs jobs(1, 3);
  gate g;
  jobs.all[2].on_worker = [&](int worker) {
    jobs.crew.hand_over_kept(worker);
    g.pass();
    jobs.crew.hand_over_kept(worker); // nothing more
  };
  jobs.run([&](const test_job& j) {
    if (&j == &jobs.all[1]) {
      g.let_go(); // else this hangs
    }
  });
}

TEST_CASE("brief jobs are taken several at a time, others one by one") {
  const bool brief = GENERATE(true, false);
  loop::own_loop l;
  workers::pool p(1, l);
  gate g;
  std::deque<test_job> jobs(4);
  for (test_job& j : jobs) {
    j.brief = brief;
    p.submit(j);
  }
  jobs.front().on_worker = [&](int) { g.pass(); };
  jobs.back().on_loop = [&] { l.quit(); };
  p.flush();
  g.reached.wait(false);
  CHECK(p.queued() == (brief ? 0 : 3));
  CHECK(p.running() == (brief ? 4 : 1));
  CHECK(p.outstanding() == 4);
  g.let_go();
  l.run();
  CHECK(p.outstanding() == 0);
}

// Of eight jobs and two workers, the one that is first takes four.
TEST_CASE("where a brief job takes long, those that were taken with it are done by others, asleep or awake") {
  using namespace std::chrono_literals;
  const bool asleep = GENERATE(false, true);
  brief_jobs jobs(2, 8);
  gate g;
  jobs.all[0].on_worker = [&](int worker) {
    while (asleep && jobs.left() > 4) {
      std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(asleep ? 20ms : 0ms);
    jobs.crew.hand_over_kept(worker);
    g.pass();
  };
  jobs.run([&](const test_job&) {
    if (jobs.left() == 2) { // this, and the one that takes long
      g.let_go();           // else this hangs
    }
  });
}

TEST_CASE("where a brief job takes long without a word, others do those that were taken with it once it has ended") {
  using namespace std::chrono_literals;
  brief_jobs jobs(2, 8);
  gate g;
  int behind = 2;
  jobs.all[0].on_worker = [&](int) {
    while (jobs.left() > 4) { // else what goes back would be a group again
      std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(20ms);
  };
  jobs.all[1].on_worker = [&](int) { g.pass(); };
  jobs.run([&](const test_job& j) {
    if ((&j == &jobs.all[2] || &j == &jobs.all[3]) && --behind == 0) {
      g.let_go(); // else this hangs
    }
  });
}
