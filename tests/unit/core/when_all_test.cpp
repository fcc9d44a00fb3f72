#include <catch2/catch.hpp>

#include <memory>
#include <tuple>
#include <variant>
#include <vector>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/finally.hpp>
#include <weir/stopped.hpp>
#include <weir/when_all.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("when_all runs its tasks at the same time, and gives the values in the order of the arguments") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<std::tuple<int, std::monostate, std::unique_ptr<int>>> {
    auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    co_return co_await when_all(value_after(5ms, 1), writes_after(5ms, d, "written"), owner());
  };
  const auto before = loop.now();
  root r(loop, body());
  loop.drain();
  const auto values = r.take();
  REQUIRE(std::get<0>(values) == 1);
  REQUIRE(*std::get<2>(values) == 3);
  REQUIRE(d == diary{"written"});
  REQUIRE(loop.now() - before == 5ms);
}

TEST_CASE("when_all of nothing gives nothing, at once") {
  virtual_loop loop;
  root r(loop, when_all(std::vector<task<int>>()));
  root s(loop, when_all());
  loop.drain();
  REQUIRE(r.take().empty());
  REQUIRE(s.done());
}

TEST_CASE("the first error in a when_all stops the others, is thrown when all have ended, and later ones are listed") {
  virtual_loop loop;
  diary d;
  event never;
  auto cleaned = [&]() -> task<int> { return finally(parked(d, "cleaned", never), writes_after(3ms, d, "cleanup")); };
  auto fails = []() -> task<> { co_await error_after(2ms, "in a cleanup"); };
  root r(loop, when_all(cleaned(), error_after(1ms, "first"), finally(parked(d, "failing", never), fails())));
  loop.drain();
  REQUIRE_THROWS_WITH(r.take(), "first");
  REQUIRE(r.suppressed() == 1);
  REQUIRE(d == diary{"failing", "cleaned", "cleanup"});
}

TEST_CASE("a task that is stopped in a when_all stops the others and the awaiting task") {
  virtual_loop loop;
  diary d;
  event never;
  auto stops = []() -> task<int> {
    co_await stop_here();
    co_return 1;
  };
  std::vector<task<int>> tasks;
  tasks.push_back(parked(d, "a", never));
  tasks.push_back(stops());
  tasks.push_back(parked(d, "b", never));
  root r(loop, when_all(std::move(tasks)));
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d.size() == 2);
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("when_all of an empty task is misuse, and starts nothing") {
  virtual_loop loop;
  diary d;
  {
    root r(loop, when_all(writes_after(0ms, d, "began"), task<int>()));
    std::vector<task<int>> tasks;
    tasks.push_back(value_after(0ms, 1));
    tasks.emplace_back();
    root s(loop, when_all(std::move(tasks)));
    loop.drain();
    REQUIRE_THROWS_AS(r.take(), std::logic_error);
    REQUIRE_THROWS_AS(s.take(), std::logic_error);
  }
  REQUIRE(d.empty());
  REQUIRE(loop.live_frames() == 0);
}
