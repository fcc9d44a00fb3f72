#include <catch2/catch.hpp>

#include <string>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/scope.hpp>
#include <weir/semaphore.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {
task<> takes(semaphore& sem, std::size_t n, diary& d, std::string name) {
  co_await sem.acquire(n);
  d.push_back(name);
}
} // namespace

TEST_CASE("units are served strictly in order: small requests don't overtake a large one") {
  virtual_loop loop;
  diary d;
  semaphore sem(2);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(takes(sem, 3, d, "large"));
      s.spawn(takes(sem, 1, d, "small"));
      co_await sleep_for(1ms);
      REQUIRE(d.empty());
      REQUIRE(sem.available() == 2);
      REQUIRE_FALSE(sem.try_acquire(1));
      sem.release();
      co_await sleep_for(1ms);
      REQUIRE(d == diary{"large"});
      sem.release(2);
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"large", "small"});
  REQUIRE(sem.available() == 1);
  REQUIRE(sem.try_acquire());
}

TEST_CASE("a large request that is stopped lets the small ones behind it through, and took nothing") {
  virtual_loop loop;
  diary d;
  semaphore sem(2);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& outer) -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        s.spawn(takes(sem, 3, d, "large"));
        co_await yield();
        outer.spawn(takes(sem, 1, d, "small"));
        co_await sleep_for(1ms);
        s.request_stop();
      });
      co_return;
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"small"});
  REQUIRE(sem.available() == 1);
}

TEST_CASE("who was given units goes on with them, though its tree stops before it runs") {
  virtual_loop loop;
  diary d;
  semaphore sem(0);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(takes(sem, 1, d, "taken"));
      co_await sleep_for(1ms);
      sem.release();
      s.request_stop();
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d == diary{"taken"});
  REQUIRE(sem.available() == 0);
}
