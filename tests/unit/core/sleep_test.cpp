#include <catch2/catch.hpp>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/scope.hpp>
#include <weir/sleep.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("sleep_for and sleep_until wait as long as they say, and not at all for the past") {
  virtual_loop loop;
  std::vector<detail::time_point> woke;
  const auto start = loop.now();
  auto body = [&]() -> task<> {
    co_await sleep_for(1500us);
    woke.push_back(loop.now());
    co_await sleep_until(start + 3ms);
    woke.push_back(loop.now());
    co_await sleep_for(-1h);
    co_await sleep_until(start);
    co_await sleep_until({});
    woke.push_back(loop.now());
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(woke == std::vector{start + 1500us, start + 3ms, start + 3ms});
}

TEST_CASE("a sleep that is longer than the clock is for ever, and can be stopped") {
  virtual_loop loop;
  auto body = []() -> task<> { co_await sleep_for(std::chrono::hours::max()); };
  root r(loop, body());
  loop.drain();
  REQUIRE_FALSE(r.ended());
  REQUIRE(loop.now() < detail::time_point(10s));
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
}

TEST_CASE("yield lets what is ready run first, and sees a stop") {
  virtual_loop loop;
  diary d;
  auto turns = [&](std::string name) -> task<> {
    for (int i = 0; i < 2; ++i) {
      d.push_back(name);
      co_await yield();
    }
  };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(turns("a"));
      s.spawn(turns("b"));
      co_return;
    });
    for (;;) {
      co_await yield();
    }
  };
  root r(loop, body());
  for (int i = 0; i < 100; ++i) {
    loop.step();
  }
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"a", "b", "a", "b"});
}
