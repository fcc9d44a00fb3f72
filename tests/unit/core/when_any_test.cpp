#include <catch2/catch.hpp>

#include <variant>
#include <vector>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/finally.hpp>
#include <weir/stopped.hpp>
#include <weir/when_any.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("when_any gives the first value, once the others have been stopped and have ended") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<std::variant<int, int, std::monostate>> {
    auto v = co_await when_any(finally(parked(d, "loser", never), writes_after(3ms, d, "cleanup")), value_after(1ms, 7),
                               writes_after(2ms, d, "too late"));
    d.push_back("given");
    co_return v;
  };
  root r(loop, body());
  loop.drain();
  const auto v = r.take();
  REQUIRE(v.index() == 1);
  REQUIRE(std::get<1>(v) == 7);
  REQUIRE(d == diary{"loser", "cleanup", "given"});
}

TEST_CASE("when_any throws an error that comes before any value; one that comes after is listed") {
  virtual_loop loop;
  root r(loop, when_any(value_after(2ms, 1), error_after(1ms, "first")));
  root s(loop, when_any(value_after(1ms, 1), shield(error_after(2ms, "late"), 1s)));
  loop.drain();
  REQUIRE_THROWS_WITH(r.take(), "first");
  REQUIRE(s.take().index() == 0);
  REQUIRE(s.suppressed() == 1);
}

TEST_CASE("when_any of which all are stopped, or of none, ends what awaits it as stopped") {
  virtual_loop loop;
  auto stops = []() -> task<int> {
    co_await stop_here();
    co_return 1;
  };
  root r(loop, when_any(stops(), stops()));
  root s(loop, when_any(std::vector<task<int>>()));
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(s.stopped());
}

TEST_CASE("one that stops itself doesn't win a when_any") {
  virtual_loop loop;
  auto stops = []() -> task<int> {
    co_await stop_here();
    co_return 1;
  };
  std::vector<task<int>> tasks;
  tasks.push_back(stops());
  tasks.push_back(value_after(1ms, 8));
  root r(loop, when_any(std::move(tasks)));
  loop.drain();
  REQUIRE(r.take() == std::pair<std::size_t, int>(1, 8));
}

TEST_CASE("a when_any whose tree stops after the first value gives that value") {
  virtual_loop loop;
  diary d;
  event never;
  root r(loop, when_any(value_after(1ms, 5), finally(parked(d, "loser", never), writes_after(10ms, d, "cleanup"))));
  while (d.empty() && loop.turn()) {
  }
  r.request_stop();
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(std::get<0>(r.take()) == 5);
  REQUIRE(d == diary{"loser", "cleanup"});
}

TEST_CASE("when_any of an empty task is misuse, and starts nothing") {
  virtual_loop loop;
  diary d;
  root r(loop, when_any(writes_after(0ms, d, "began"), task<int>()));
  loop.drain();
  REQUIRE_THROWS_AS(r.take(), std::logic_error);
  REQUIRE(d.empty());
}
