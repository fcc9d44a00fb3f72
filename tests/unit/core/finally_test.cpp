#include <catch2/catch.hpp>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/finally.hpp>
#include <weir/scope.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {
task<> throws_after(milliseconds d, std::string what) { co_await error_after(d, what); }
task<> stops_itself() { co_await stop_here(); }
} // namespace

TEST_CASE("a cleanup runs after the work, awaits, and then the work's completion is delivered (value, error, stopped)") {
  for (const int how : {0, 1, 2}) {
    virtual_loop loop;
    diary d;
    event never;
    root r(loop, finally(how == 0   ? value_after(1ms, 5)
                         : how == 1 ? error_after(1ms, "work")
                                    : parked(d, "work", never),
                         writes_after(2ms, d, "cleanup")));
    if (how == 2) {
      loop.drain();
      r.request_stop();
    }
    loop.drain();
    REQUIRE(r.stopped() == (how == 2));
    REQUIRE(d == (how == 2 ? diary{"work", "cleanup"} : diary{"cleanup"}));
    if (how == 0) {
      REQUIRE(r.take() == 5);
    } else if (how == 1) {
      REQUIRE_THROWS_WITH(r.take(), "work");
    }
    REQUIRE(r.suppressed() == 0);
  }
}

TEST_CASE("in a stopping tree the work doesn't start, and the cleanup runs") {
  virtual_loop loop;
  diary d;
  root r(loop, finally(writes_after(0ms, d, "work"), writes_after(1ms, d, "cleanup")));
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"cleanup"});
}

TEST_CASE("a cleanup's error is thrown if the work gave a value, else it is listed") {
  for (const int how : {0, 1, 2}) {
    virtual_loop loop;
    diary d;
    event never;
    root r(loop, finally(how == 0   ? value_after(1ms, 5)
                         : how == 1 ? error_after(1ms, "work")
                                    : parked(d, "work", never),
                         throws_after(2ms, "cleanup")));
    if (how == 2) {
      loop.drain();
      r.request_stop();
    }
    loop.drain();
    REQUIRE(r.stopped() == (how == 2));
    REQUIRE(r.suppressed() == (how == 0 ? 0 : 1));
    if (how != 2) {
      REQUIRE_THROWS_WITH(r.take(), how == 0 ? "cleanup" : "work");
    }
  }
}

TEST_CASE("a cleanup that stops itself has just ended: the work's completion isn't lost") {
  virtual_loop loop;
  root r(loop, finally(value_after(1ms, 5), stops_itself()));
  root s(loop, finally(error_after(1ms, "work"), stops_itself()));
  loop.drain();
  REQUIRE(r.take() == 5);
  REQUIRE_THROWS_WITH(s.take(), "work");
}

TEST_CASE("a cleanup has a limit from its start, also when the stop comes while it runs, or after the limit") {
  for (const auto stop_at : {0ms, 3ms, 7ms}) {
    virtual_loop loop;
    diary d;
    event never;
    auto stubborn = [&]() -> task<> { // stopped at its limit, it takes 5 ms more
      co_await finally(parked(d, "cleanup", never), writes_after(5ms, d, "its own cleanup"));
    };
    auto held = [&]() -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        s.spawn(stubborn());
        co_return;
      });
    };
    const auto before = loop.now();
    root r(loop, finally(error_after(1ms, "work"), held(), 4ms));
    bool stopped = false;
    while (loop.turn()) {
      if (!stopped && stop_at != 0ms && !loop.has_ready() && loop.now() - before >= stop_at) {
        stopped = true;
        r.request_stop();
      }
    }
    REQUIRE(loop.now() - before == 10ms);
    REQUIRE_THROWS_WITH(r.take(), "work");
    REQUIRE(r.suppressed() == 1); // the limit
    REQUIRE(d == diary{"cleanup", "its own cleanup"});
  }
}

TEST_CASE("finally with an empty work or cleanup is misuse, before anything starts") {
  virtual_loop loop;
  diary d;
  root r(loop, finally(writes_after(0ms, d, "work"), task<>()));
  root s(loop, finally(task<>(), writes_after(0ms, d, "cleanup")));
  loop.drain();
  REQUIRE_THROWS_AS(r.take(), std::logic_error);
  REQUIRE_THROWS_AS(s.take(), std::logic_error);
  REQUIRE(d.empty());
}
