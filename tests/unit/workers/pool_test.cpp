#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sanitized.hpp"
#include "loop/own.hpp"
#include "test_job.hpp"
#include "workers/pool.hpp"

namespace loop = weir::loop;
namespace workers = weir::workers;

TEST_CASE("every job runs once and comes back once, and may be submitted again from there") {
  loop::own_loop l;
  workers::pool p(2, l);
  std::deque<test_job> jobs(50);
  int left = 50 * 40;
  std::atomic<int> ran{0};
  for (test_job& j : jobs) {
    j.on_worker = [&](int) { ++ran; };
    j.brief = &j - &jobs[0] > 20;
    j.on_loop = [&] {
      if (j.came_back < 40) {
        p.submit(j);
        p.flush();
      }
      if (--left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  REQUIRE(p.queued() == 50);
  p.flush();
  l.run();
  REQUIRE(ran == 50 * 40);
  REQUIRE(p.queued() == 0);
  REQUIRE(p.running() == 0);
}

TEST_CASE("one worker takes the jobs in the order of submitting, and gives them back in it") {
  loop::own_loop l;
  workers::pool p(1, l);
  std::vector<int> begun;
  std::vector<int> ended;
  std::deque<test_job> jobs(30);
  for (int i = 0; i < 30; ++i) {
    test_job& j = jobs[static_cast<std::size_t>(i)];
    j.brief = i % 5 != 0;
    j.together = i % 4 == 0 ? nullptr : &jobs[static_cast<std::size_t>(i) / 9];
    j.on_worker = [&, i](int) { begun.push_back(i); };
    j.on_loop = [&, i] {
      ended.push_back(i);
      if (ended.size() == 30) {
        l.quit();
      }
    };
    p.submit(j);
    if (i % 7 == 0) {
      p.flush();
    }
  }
  p.flush();
  l.run();
  REQUIRE(begun.size() == 30);
  REQUIRE(std::is_sorted(begun.begin(), begun.end()));
  REQUIRE(begun == ended);
}

TEST_CASE("nothing is begun before the flush") {
  loop::own_loop l;
  workers::pool p(1, l);
  test_job buffered;
  test_job after;
  buffered.on_worker = [](int) { std::abort(); };
  buffered.on_loop = [&] { l.quit(); };
  p.submit(buffered);
  p.cancel(buffered);
  l.run();
  REQUIRE_FALSE(buffered.ran);
  REQUIRE(buffered.came_back == 1);
}

TEST_CASE("a queued job that is cancelled comes back in a later turn, not run, and the worker goes on with the others") {
  loop::own_loop l;
  workers::pool p(1, l);
  gate g;
  test_job blocker;
  test_job out;
  test_job kept;
  blocker.on_worker = [&](int) { g.pass(); };
  kept.on_loop = [&] { l.quit(); };
  for (test_job* j : {&blocker, &out, &kept}) {
    p.submit(*j);
  }
  p.flush();
  g.reached.wait(false);
  REQUIRE(p.queued() == 2);
  REQUIRE(p.running() == 1);
  p.cancel(out);
  p.cancel(out);
  REQUIRE(out.came_back == 0); // never inline
  REQUIRE(p.queued() == 1);
  g.let_go();
  l.run();
  REQUIRE(out.came_back == 1);
  REQUIRE_FALSE(out.ran);
  REQUIRE(kept.ran);
  REQUIRE(blocker.ran);
}

TEST_CASE("a running job sees its cancel, comes back when it ends, and a cancel after that does nothing") {
  loop::own_loop l;
  workers::pool p(2, l);
  test_job j;
  std::atomic<bool> begun{false};
  j.on_worker = [&](int) {
    begun = true;
    begun.notify_all();
    while (!j.stop().requested()) {
      std::this_thread::yield();
    }
  };
  j.on_loop = [&] { l.quit(); };
  p.submit(j);
  p.flush();
  begun.wait(false);
  p.cancel(j);
  l.run();
  REQUIRE(j.ran);
  p.cancel(j);
  test_job after;
  after.on_loop = [&] { l.quit(); };
  p.submit(after);
  p.flush();
  l.run();
  REQUIRE(j.came_back == 1);
}

TEST_CASE("once the root's flag is set no worker begins a job of that root") {
  loop::own_loop l;
  workers::pool p(1, l);
  std::atomic<bool> root{false};
  gate g;
  test_job blocker;
  blocker.on_worker = [&](int) { g.pass(); };
  std::deque<test_job> jobs(10);
  int left = 10;
  p.submit(blocker);
  for (test_job& j : jobs) {
    j.root = &root;
    j.on_worker = [](int) { std::abort(); };
    j.on_loop = [&] {
      if (--left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  p.flush();
  g.reached.wait(false);
  root = true;
  g.let_go();
  l.run();
  REQUIRE(left == 0);
  REQUIRE_FALSE(jobs.front().ran);
}

TEST_CASE("cancels that race with the workers lose no job and run none twice") {
  loop::own_loop l;
  workers::pool p(3, l);
  std::mt19937 random(5);
  constexpr std::size_t count = 64;
  std::deque<test_job> jobs(count);
  std::atomic<int> ran{0};
  int said_ran = 0;
  std::size_t left = count;
  constexpr int rounds = 200;
  for (test_job& j : jobs) {
    j.on_worker = [&](int) {
      ++ran;
      for (int i = 0; i < 200 && !j.stop().requested(); ++i) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
    };
    j.on_loop = [&] {
      said_ran += j.ran ? 1 : 0;
      p.cancel(jobs[random() % count]);
      if (j.came_back < rounds) {
        j.cancelled = false;
        j.brief = random() % 2 == 0;
        j.together = random() % 2 == 0 ? nullptr : &jobs[random() % 2];
        p.submit(j);
        if (random() % 4 != 0) {
          p.flush();
        }
        p.cancel(jobs[random() % count]);
      } else if (--left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  struct flusher final : loop::turn_end {
    explicit flusher(workers::pool& w) noexcept : to(w) {}
    void end_of_turn() noexcept override { to.flush(); }
    workers::pool& to;
  } at_end(p);
  l.add(at_end);
  l.run();
  l.remove(at_end);
  for (test_job& j : jobs) {
    REQUIRE(j.came_back == rounds);
  }
  REQUIRE(ran == said_ran);
  REQUIRE(p.running() == 0);
}

TEST_CASE("workers have their names, a lower priority, no signals, and a scratch each that no other shares") {
  loop::own_loop l;
  workers::pool p(3, l, {.nice = 3, .scratch_bytes = 5000});
  REQUIRE(p.threads() == 3);
  const int mine = getpriority(PRIO_PROCESS, 0);
  std::deque<test_job> jobs(3);
  std::vector<std::string> names(3);
  std::atomic<int> in{0};
  std::atomic<bool> blocked{true};
  std::atomic<bool> lower{true};
  int left = 3;
  for (test_job& j : jobs) {
    j.on_worker = [&](int w) {
      in.fetch_add(1);
      while (in.load() < 3) { // so each worker has one of them
        std::this_thread::yield();
      }
      char name[16];
      pthread_getname_np(pthread_self(), name, sizeof name);
      names[static_cast<std::size_t>(w)] = name;
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked =
          blocked && sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGUSR1) == 1;
      lower = lower && getpriority(PRIO_PROCESS, 0) == std::min(mine + 3, 19);
      std::memset(p.scratch(w).data(), w, p.scratch(w).size());
    };
    j.on_loop = [&] {
      if (--left == 0) {
        l.quit();
      }
    };
    p.submit(j);
  }
  p.flush();
  l.run();
  REQUIRE(names == std::vector<std::string>{"weir-work-0", "weir-work-1", "weir-work-2"});
  REQUIRE(blocked);
  REQUIRE(lower);
  sigset_t here;
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  REQUIRE(sigismember(&here, SIGINT) == 0);
  for (int w = 0; w < 3; ++w) {
    REQUIRE(p.scratch(w).size() >= 5000);
    REQUIRE(p.scratch(w).front() == std::byte(w));
    REQUIRE(p.scratch(w).back() == std::byte(w));
  }
}

TEST_CASE("a pool that is made and destroyed a hundred times leaves nothing, with idle workers and with none ever used") {
  loop::own_loop l;
  for (int i = 0; i < 100; ++i) {
    workers::pool p(2, l, {.scratch_bytes = 0});
    if (i % 2 == 0) {
      test_job j;
      j.on_loop = [&] { l.quit(); };
      p.submit(j);
      p.flush();
      l.run();
    }
  }
  REQUIRE_THROWS_AS(workers::pool(0, l), std::invalid_argument);
}

TEST_CASE("where no further thread can be made the constructor joins those that it has, and says so") {
  if (weir::sanitized) {
    return; // needs address space of its own
  }
  const pid_t child = fork();
  if (child == 0) { // the address space is limited, so that the third stack or so doesn't fit
    loop::own_loop l;
    bool thrown = false;
    rlimit little{};
    getrlimit(RLIMIT_AS, &little);
    little.rlim_cur = 96 * 1024 * 1024;
    setrlimit(RLIMIT_AS, &little);
    try {
      workers::pool p(1000, l, {.scratch_bytes = 0});
    } catch (const std::system_error&) {
      thrown = true;
    }
    _exit(thrown ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}
