#include <catch2/catch.hpp>

#include <chrono>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/deadline.hpp>
#include <weir/finally.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("a task that ends before its deadline gives its value or its error") {
  virtual_loop loop;
  root r(loop, with_deadline(5ms, value_after(4ms, 3)));
  root s(loop, with_deadline(5ms, error_after(4ms, "its own")));
  root at(loop, with_deadline(loop.now() + 5ms, value_after(4ms, 4)));
  loop.drain();
  REQUIRE(r.take() == 3);
  REQUIRE_THROWS_WITH(s.take(), "its own");
  REQUIRE(at.take() == 4);
}

TEST_CASE("at its deadline a task is stopped, and deadline_exceeded is thrown once it has ended") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    try {
      co_await with_deadline(5ms, finally(parked(d, "stopped", never), writes_after(3ms, d, "cleanup")));
    } catch (const deadline_exceeded&) {
      d.push_back("thrown");
    }
    co_await yield(); // the tree isn't stopped
    d.push_back("after");
  };
  const auto before = loop.now();
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(loop.now() - before == 8ms);
  REQUIRE(d == diary{"stopped", "cleanup", "thrown", "after"});
}

TEST_CASE("a value that was decided when the deadline passed is given all the same") {
  virtual_loop loop;
  root r(loop, with_deadline(5ms, shield(value_after(7ms, 9), 1s)));
  loop.drain();
  REQUIRE(r.take() == 9);
}

TEST_CASE("an error that comes after the deadline is listed, and deadline_exceeded is thrown") {
  virtual_loop loop;
  root r(loop, with_deadline(5ms, shield(error_after(7ms, "late"), 1s)));
  loop.drain();
  REQUIRE_THROWS_AS(r.take(), deadline_exceeded);
  REQUIRE(r.suppressed() == 1);
}

TEST_CASE("a stop of the tree is a stop, not a deadline") {
  virtual_loop loop;
  diary d;
  event never;
  root r(loop, with_deadline(5ms, parked(d, "stopped", never)));
  while (loop.step()) {
  }
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"stopped"});
}

TEST_CASE("a task that stops itself under a deadline ends what awaits it as stopped") {
  virtual_loop loop;
  auto stops = []() -> task<> { co_await stop_here(); };
  root r(loop, with_deadline(5ms, stops()));
  loop.drain();
  REQUIRE(r.stopped());
}

TEST_CASE("a deadline in the past lets the task run up to its first wait") {
  virtual_loop loop;
  auto at_once = []() -> task<int> { co_return 1; };
  root r(loop, with_deadline(-1ms, at_once()));
  root s(loop, with_deadline(loop.now() - 1ms, value_after(1ms, 1)));
  loop.drain();
  REQUIRE(r.take() == 1);
  REQUIRE_THROWS_AS(s.take(), deadline_exceeded);
}

TEST_CASE("the longest durations there are mean never") {
  virtual_loop loop;
  root r(loop, with_deadline(std::chrono::nanoseconds::max(), value_after(1h, 1)));
  root s(loop, with_deadline(std::chrono::hours::max(), value_after(1h, 2)));
  root t(loop, with_deadline(std::chrono::steady_clock::time_point::max(), value_after(1h, 3)));
  loop.drain();
  REQUIRE(r.take() == 1);
  REQUIRE(s.take() == 2);
  REQUIRE(t.take() == 3);
}

TEST_CASE("an empty task under a deadline is misuse") {
  virtual_loop loop;
  root r(loop, with_deadline(1ms, task<>()));
  loop.drain();
  REQUIRE_THROWS_AS(r.take(), std::logic_error);
}
