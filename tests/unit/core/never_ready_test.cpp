#include <catch2/catch.hpp>

#include "awaitables/awaitables.hpp"
#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Lets no time pass.
void settle(virtual_loop& loop) {
  while (loop.step()) {
  }
}

} // namespace

TEST_CASE("tasks parked on everything that can be awaited all end when the root is stopped") {
  virtual_loop loop;
  int ended = 0;
  never_ready n;
  auto child = [&](const awaitable& a) -> task<> {
    const counted here(ended);
    co_await a.wait(n);
    FAIL("went on after " << a.awaiter);
  };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      for (const awaitable& a : awaitables_of_the_core()) {
        s.spawn(child(a));
      }
      co_return;
    });
  };
  {
    root r(loop, body());
    settle(loop);
    REQUIRE_FALSE(r.ended());
    REQUIRE(ended > 20);
    r.request_stop();
    loop.drain();
    REQUIRE(r.stopped());
  }
  REQUIRE(ended == 0);
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("each awaitable ends when stopped before the start, before the wait, and at each step until all is still") {
  for (const awaitable& a : awaitables_of_the_core()) {
    INFO(a.awaiter);
    for (int steps = 0; steps < 12; ++steps) {
      INFO("stopped after step " << steps);
      virtual_loop loop;
      never_ready n;
      root r(loop, a.wait(n));
      for (int i = 0; i < steps; ++i) {
        loop.step();
      }
      REQUIRE((a.ends_by_itself || !r.ended()));
      r.request_stop();
      loop.drain();
      REQUIRE(r.ended());
      REQUIRE_FALSE(r.done());
      REQUIRE(n.none.available() == 0);
      REQUIRE(n.empty.size() == 0);
      REQUIRE(n.full.size() == 1);
    }
  }
}

TEST_CASE("one child of many is stopped, by its own scope, while the others go on") {
  for (const awaitable& a : awaitables_of_the_core()) {
    INFO(a.awaiter);
    virtual_loop loop;
    never_ready n;
    never_ready others;
    auto body = [&]() -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        for (const awaitable& b : awaitables_of_the_core()) {
          if (!b.ends_by_itself) {
            s.spawn(b.wait(others));
          }
        }
        const std::size_t before = s.children();
        auto one = [&](scope& own) -> task<> {
          own.spawn(a.wait(n));
          co_await sleep_for(1ms);
          own.request_stop();
        };
        co_await stopped_as_optional(with_scope(one));
        REQUIRE(s.children() == before);
        s.request_stop();
      });
    };
    root r(loop, body());
    loop.drain();
    REQUIRE((r.done() || r.failed())); // a shield's limit is an error
  }
}
