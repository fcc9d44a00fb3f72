#include <catch2/catch.hpp>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/shield.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {
/// Runs what is ready, but lets no time pass.
void settle(virtual_loop& loop) {
  while (loop.step()) {
  }
}
} // namespace

TEST_CASE("a stop doesn't reach a shielded task; what comes after the shield is stopped") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<> {
    co_await shield(writes_after(5ms, d, "shielded"), 1s);
    d.push_back("came out");
    co_await yield();
    d.push_back("went on");
  };
  root r(loop, body());
  settle(loop);
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"shielded", "came out"});
}

TEST_CASE("a shield that begins in a stopping tree runs its task, operations included, and gives its value") {
  virtual_loop loop;
  auto body = []() -> task<int> { co_return co_await shield(value_after(5ms, 3), 1s); };
  root r(loop, body());
  r.request_stop();
  loop.drain();
  REQUIRE(r.take() == 3);
}

TEST_CASE("a shield's limit counts from the stop; after it the task is stopped, and deadline_exceeded counts as late") {
  virtual_loop loop;
  diary d;
  event never;
  const auto before = loop.now();
  auto outlasts = [&]() -> task<> {
    co_await sleep_for(50ms); // longer than the limit, before the stop
    co_await parked(d, "stopped after all", never);
  };
  root r(loop, shield(outlasts(), 10ms));
  loop.drain();
  REQUIRE_FALSE(r.ended());
  r.request_stop();
  loop.drain();
  REQUIRE(loop.now() - before == 60ms);
  REQUIRE(d == diary{"stopped after all"});
  REQUIRE(r.failed()); // the root of these tests leaves it to the runtime what a late error becomes
  REQUIRE_THROWS_AS(r.take(), deadline_exceeded);
}

TEST_CASE("a shielded task's error is thrown; a shielded task that stops itself ends what awaits it as stopped") {
  virtual_loop loop;
  auto stops = []() -> task<> { co_await stop_here(); };
  root r(loop, shield(error_after(1ms, "its own"), 1s));
  root s(loop, shield(stops(), 1s));
  loop.drain();
  REQUIRE_THROWS_WITH(r.take(), "its own");
  REQUIRE(s.stopped());
}
