#include <catch2/catch.hpp>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/event.hpp>
#include <weir/scope.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("set lets all go on that wait, in order, and who comes later doesn't wait until it is reset") {
  virtual_loop loop;
  diary d;
  event e;
  auto waits = [&](std::string name) -> task<> {
    co_await e.wait();
    d.push_back(name);
  };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(waits("a"));
      s.spawn(waits("b"));
      co_await sleep_for(1ms);
      REQUIRE_FALSE(e.is_set());
      e.set();
      REQUIRE(e.is_set());
      REQUIRE(d.empty());
      co_await e.wait();
      d.push_back("body");
      e.reset();
      s.spawn(waits("stopped"));
      co_await sleep_for(1ms);
      s.request_stop();
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"body", "a", "b"});
}
