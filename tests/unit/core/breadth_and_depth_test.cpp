#include <catch2/catch.hpp>

#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/event.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stop.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("100,000 children of one scope are stopped in constant stack, newest first") {
  virtual_loop loop;
  stack_gauge gauge;
  event never;
  struct child {
    static task<> of(stack_gauge& g, event& e, int& left, int number) {
      struct check { // what is destroyed has the number that is left
        explicit check(int& l, int n) : left(&l), number(n) {}
        check(const check&) = delete;
        check& operator=(const check&) = delete;
        ~check() { *left -= *left == number ? 1 : 0; }
        int* left;
        int number;
      };
      const check order(left, number);
      const gauged here(g);
      co_await e.wait();
    }
  };
  int left = 99'999;
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      const gauged here(gauge);
      for (int i = 0; i < 100'000; ++i) {
        s.spawn(child::of(gauge, never, left, i));
      }
      co_await never.wait();
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(loop.live_frames() > 200'000);
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(left == -1);
  REQUIRE(gauge.bytes() < constant_stack);
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("10,000 nested scopes, with a child in each, are stopped in constant stack") {
  virtual_loop loop;
  stack_gauge gauge;
  event never;
  struct nested {
    static task<> child(stack_gauge& g, event& e) {
      const gauged here(g);
      co_await e.wait();
    }
    static task<> of(stack_gauge& g, event& e, int depth, int& ended) {
      const gauged here(g);
      co_await with_scope([&](scope& s) -> task<> {
        const stop_callback told(s.get_token(), [&] { g.look(); });
        s.spawn(child(g, e));
        if (depth > 0) {
          co_await of(g, e, depth - 1, ended);
        } else {
          co_await e.wait();
        }
        ++ended;
      });
    }
  };
  for (const bool stop : {true, false}) {
    int ended = 0;
    root r(loop, nested::of(gauge, never, 9'999, ended));
    loop.drain();
    if (stop) {
      r.request_stop();
    } else {
      never.set();
    }
    loop.drain();
    REQUIRE(r.stopped() == stop);
    REQUIRE(ended == (stop ? 0 : 10'000));
    REQUIRE(gauge.bytes() < constant_stack);
  }
  REQUIRE(loop.live_frames() == 0);
}
