#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/event.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stop.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

task<> writes(diary& d, std::string what, std::chrono::milliseconds after) {
  const noted local(d, what + " destroyed");
  co_await sleep_for(after);
  d.push_back(what);
}
task<> counts_running(int& running, int& most, std::chrono::milliseconds for_so_long) {
  most = std::max(most, ++running);
  co_await sleep_for(for_so_long);
  --running;
}

} // namespace

TEST_CASE("spawn_when_room lets no more than that many run, whatever else was spawned, and serves waiters in order") {
  virtual_loop loop;
  int running = 0;
  int most = 0;
  diary d;
  auto waits = [&](scope& s, std::string name) -> task<> {
    co_await s.spawn_when_room(counts_running, std::ref(running), std::ref(most), 2ms);
    d.push_back(name);
  };
  auto body = [&]() -> task<> {
    co_await with_scope(
        [&](scope& s) -> task<> {
          for (int i = 0; i < 20; ++i) {
            co_await s.spawn_when_room(counts_running, std::ref(running), std::ref(most), std::chrono::milliseconds(i % 3));
          }
        },
        {.room = 3});
    REQUIRE(most == 3);
    most = 0;
    co_await with_scope([&](scope& waiters) -> task<> {
      co_await with_scope(
          [&](scope& s) -> task<> {
            for (int i = 0; i < 5; ++i) { // more than there is room for
              s.spawn(counts_running, std::ref(running), std::ref(most), std::chrono::milliseconds(1 + i));
            }
            for (const char* name : {"a", "b", "c"}) {
              waiters.spawn(waits(s, name));
            }
            co_await sleep_for(50ms);
          },
          {.room = 2});
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(most == 5); // those that didn't ask for room; nobody joined them
  REQUIRE(d == diary{"a", "b", "c"});
}

TEST_CASE("a waiter for room that is stopped leaves, and those behind it are served") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    co_await with_scope(
        [&](scope& s) -> task<> {
          s.spawn(writes(d, "running", 5ms));
          auto impatient = [&](scope& own) -> task<> {
            own.spawn(s.spawn_when_room(writes, std::ref(d), "impatient", 1ms));
            co_await sleep_for(1ms);
            own.request_stop();
          };
          co_await with_scope(impatient);
          d.push_back("left");
          co_await s.spawn_when_room(writes(d, "behind", 1ms));
        },
        {.room = 1});
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"left", "running", "running destroyed", "behind", "behind destroyed"});
}

TEST_CASE("a function object that throws when it is called is spawn's error, and the room goes to the next") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<> {
    co_await with_scope(
        [&](scope& s) -> task<> {
          s.spawn(writes(d, "first", 1ms));
          co_await with_scope([&](scope& waiters) -> task<> {
            waiters.spawn([](scope& out, diary& log) -> task<> {
              try {
                co_await out.spawn_when_room([]() -> task<> { throw std::runtime_error("no"); });
              } catch (const std::runtime_error& e) {
                log.push_back(e.what());
              }
            }(s, d));
            waiters.spawn(s.spawn_when_room(writes, std::ref(d), "second", 1ms));
            co_return;
          });
        },
        {.room = 1});
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"first", "first destroyed", "no", "second", "second destroyed"});
}
