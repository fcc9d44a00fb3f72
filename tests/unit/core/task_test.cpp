#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/event.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;

namespace {

task<int> number(int i) { co_return i; }
task<int> twice(task<int> t) {
  const int n = co_await std::move(t);
  co_return 2 * n;
}
task<> failing(std::string what) {
  throw std::runtime_error(what);
  co_return;
}
task<std::string> first_step(noted) { co_return "ran"; }

} // namespace

TEST_CASE("a task gives its value to who awaits it, and doesn't start before") {
  virtual_loop loop;
  root r(loop, twice(twice(number(3))));
  REQUIRE_FALSE(r.ended());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(r.take() == 12);
}

TEST_CASE("a task gives a value that can only be moved") {
  virtual_loop loop;
  auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  root r(loop, make());
  loop.drain();
  REQUIRE(*r.take() == 7);
}

TEST_CASE("a task's error is thrown where it is awaited, and can be caught there") {
  virtual_loop loop;
  auto body = []() -> task<std::string> {
    std::string caught;
    try {
      co_await failing("no");
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    co_return caught;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == "no");
  root s(loop, failing("out"));
  loop.drain();
  REQUIRE(s.failed());
  REQUIRE_THROWS_WITH(s.take(), "out");
}

TEST_CASE("awaiting a task that is empty, or a second time, is a logic_error where it is awaited") {
  virtual_loop loop;
  auto body = []() -> task<int> {
    int caught = 0;
    auto t = number(1);
    co_await std::move(t);
    try {
      co_await std::move(t); // NOLINT(bugprone-use-after-move): that is the point
    } catch (const std::logic_error&) {
      ++caught;
    }
    try {
      co_await task<>();
    } catch (const std::logic_error&) {
      ++caught;
    }
    co_return caught;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == 2);
}

TEST_CASE("a task that never starts destroys its arguments and no more") {
  virtual_loop loop;
  diary d;
  {
    const auto t = first_step(noted(d, "argument"));
    REQUIRE(d.empty());
  }
  REQUIRE(d == diary{"argument"});
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("a chain of tasks that never started, each holding the next, is destroyed whole") {
  virtual_loop loop;
  auto t = number(1);
  for (int i = 0; i < 10'000; ++i) {
    t = twice(std::move(t));
  }
  REQUIRE(loop.live_frames() == 10'001);
  t = {};
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("a stopped chain is destroyed innermost first") {
  virtual_loop loop;
  diary d;
  event never;
  struct chain_of {
    static task<> make(diary& d, event& e, int depth) {
      const noted here(d, std::to_string(depth));
      if (depth == 0) {
        co_await e.wait();
      } else {
        co_await make(d, e, depth - 1);
      }
      d.push_back("went on");
    }
  };
  root r(loop, chain_of::make(d, never, 3));
  loop.drain();
  REQUIRE_FALSE(r.ended());
  r.request_stop();
  REQUIRE(d.empty()); // nothing is delivered inline
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"0", "1", "2", "3"});
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("stopped is no exception: neither catch nor what stands after the co_await runs, destructors do") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    const noted local(d, "destroyed");
    try {
      co_await never.wait();
    } catch (...) {
      d.push_back("caught");
    }
    d.push_back("went on");
  };
  root r(loop, body());
  loop.drain();
  r.request_stop();
  loop.drain();
  REQUIRE(d == diary{"destroyed"});
}

TEST_CASE("a million children that complete at once need no stack") {
  virtual_loop loop;
  stack_gauge gauge;
  struct child {
    static task<int> of(stack_gauge& g) {
      g.look();
      co_return 1;
    }
  };
  auto body = [&]() -> task<int> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      sum += co_await child::of(gauge);
    }
    co_return sum;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == 1'000'000);
  REQUIRE(gauge.bytes() < constant_stack);
}

TEST_CASE("tasks nested 100,000 deep need no stack, whether they return, throw or are stopped") {
  struct nested {
    static task<int> of(stack_gauge& g, event& e, int depth, bool fail) {
      const gauged here(g);
      if (depth > 0) {
        co_return 1 + co_await of(g, e, depth - 1, fail);
      }
      co_await e.wait();
      if (fail) {
        throw std::runtime_error("at the bottom");
      }
      co_return 1;
    }
  };
  constexpr int depth = 100'000;
  for (const int how : {0, 1, 2}) {
    virtual_loop loop;
    stack_gauge gauge;
    event e;
    root r(loop, nested::of(gauge, e, how == 1 ? 1'000 : depth, how == 1)); // unwinding an exception takes its time
    loop.drain();
    if (how == 2) {
      r.request_stop();
    } else {
      e.set();
    }
    loop.drain();
    REQUIRE(r.done() == (how == 0));
    REQUIRE(r.failed() == (how == 1));
    REQUIRE(r.stopped() == (how == 2));
    REQUIRE(gauge.bytes() < constant_stack);
    REQUIRE(loop.live_frames() == (how == 2 ? 0 : 1)); // the outermost holds the result
  }
}

TEST_CASE("a million stops inside await_suspend need no stack") {
  virtual_loop loop;
  stack_gauge gauge;
  struct child {
    static task<> of(stack_gauge& g) {
      const gauged here(g);
      co_await stop_here();
    }
  };
  auto body = [&]() -> task<int> {
    int stopped = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      const bool ended = co_await stopped_as_optional(child::of(gauge));
      stopped += ended ? 0 : 1;
    }
    co_return stopped;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == 1'000'000);
  REQUIRE(gauge.bytes() < constant_stack);
}

TEST_CASE("a root that is stopped before its first step runs up to its first wait, and is stopped there") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<> {
    const noted local(d, "destroyed");
    d.push_back("began");
    co_await sleep_for(std::chrono::seconds(1));
    d.push_back("went on");
  };
  root r(loop, body());
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"began", "destroyed"});
}
