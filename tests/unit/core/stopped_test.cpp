#include <catch2/catch.hpp>

#include <optional>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/scope.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("stopped_as_optional gives the value, throws the error, and gives nullopt for a task that stopped itself") {
  virtual_loop loop;
  auto stops = []() -> task<int> {
    co_await stop_here();
    co_return 1;
  };
  auto nothing = []() -> task<> { co_return; };
  auto stops_void = []() -> task<> { co_await stop_here(); };
  root a(loop, stopped_as_optional(value_after(1ms, 4)));
  root b(loop, stopped_as_optional(error_after(1ms, "its own")));
  root c(loop, stopped_as_optional(stops()));
  root d(loop, stopped_as_optional(nothing()));
  root e(loop, stopped_as_optional(stops_void()));
  loop.drain();
  REQUIRE(a.take() == 4);
  REQUIRE_THROWS_WITH(b.take(), "its own");
  REQUIRE(c.take() == std::nullopt);
  REQUIRE(d.take());
  REQUIRE_FALSE(e.take());
}

TEST_CASE("stopped stays stopped: who turned the tree's stop into a value is stopped at the next wait") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    const auto v = co_await stopped_as_optional(parked(d, "inner", never));
    d.push_back(v ? "value" : "nullopt");
    const auto again = co_await stopped_as_optional(writes_after(0ms, d, "started"));
    d.push_back(again ? "value" : "nullopt again");
    co_await yield();
    d.push_back("went on");
  };
  root r(loop, body());
  loop.drain();
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"inner", "nullopt", "nullopt again"});
}

TEST_CASE("current_stop_token is the token of the part of the tree that the task runs in") {
  virtual_loop loop;
  bool inner_stopped = false;
  bool outer_stopped = true;
  auto body = [&]() -> task<> {
    const stop_token outer = co_await current_stop_token();
    co_await with_scope([&](scope& s) -> task<> {
      const stop_token inner = co_await current_stop_token();
      REQUIRE(inner == s.get_token());
      s.request_stop();
      inner_stopped = inner.stop_requested();
    });
    outer_stopped = outer.stop_requested();
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(inner_stopped);
  REQUIRE_FALSE(outer_stopped);
}
