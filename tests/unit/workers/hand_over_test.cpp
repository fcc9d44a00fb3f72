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

TEST_CASE("a brief job that finds that it will take long hands over what was kept before it") {
  loop::own_loop l;
  workers::pool p(1, l);
  gate g;
  std::deque<test_job> jobs(3);
  for (test_job& j : jobs) {
    j.brief = true;
  }
  jobs[1].on_loop = [&] { g.let_go(); }; // else this hangs
  jobs[2].on_worker = [&](int worker) {
    p.hand_over_kept(worker);
    g.pass();
    p.hand_over_kept(worker); // nothing more
  };
  jobs[2].on_loop = [&] { l.quit(); };
  for (test_job& j : jobs) {
    p.submit(j);
  }
  p.flush();
  l.run();
  for (const test_job& j : jobs) {
    REQUIRE(j.came_back == 1);
  }
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
  g.let_go();
  l.run();
  CHECK(p.running() == 0);
}

TEST_CASE("where a brief job takes long, those that were taken with it are done by others, asleep or awake") {
  using namespace std::chrono_literals;
  const bool asleep = GENERATE(false, true);
  loop::own_loop l;
  workers::pool p(2, l);
  gate g;
  std::atomic<std::size_t> left = 8;
  std::deque<test_job> jobs(left);
  for (test_job& j : jobs) {
    j.brief = true;
    j.on_loop = [&] {
      if (--left == 1) {
        g.let_go(); // else this hangs
      } else if (left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  jobs.front().on_worker = [&](int worker) { // a worker takes half of the queue, so this and three more
    while (asleep && left > 4) {
      std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(asleep ? 20ms : 0ms);
    p.hand_over_kept(worker);
    g.pass();
  };
  p.flush();
  l.run();
  for (const test_job& j : jobs) {
    REQUIRE(j.came_back == 1);
  }
}

TEST_CASE("where a brief job takes long without a word, others do those that were taken with it once it has ended") {
  using namespace std::chrono_literals;
  loop::own_loop l;
  workers::pool p(2, l);
  gate g;
  std::deque<test_job> jobs(8); // a worker takes the first four
  std::size_t left = jobs.size();
  int others = 2;
  for (test_job& j : jobs) {
    j.brief = true;
    const bool behind = &j == &jobs[2] || &j == &jobs[3];
    j.on_loop = [&, behind] {
      if (behind && --others == 0) {
        g.let_go(); // else this hangs
      }
      if (--left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  jobs[0].on_worker = [&](int) { std::this_thread::sleep_for(20ms); };
  jobs[1].on_worker = [&](int) { g.pass(); };
  p.flush();
  l.run();
  for (const test_job& j : jobs) {
    REQUIRE(j.came_back == 1);
  }
}
