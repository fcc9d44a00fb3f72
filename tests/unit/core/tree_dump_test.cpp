#include <catch2/catch.hpp>

#include <string>

#include "awaitables/awaitables.hpp"
#include "core/tree_dump.hpp"
#include "virtual_loop.hpp"
#include <weir/deadline.hpp>
#include <weir/finally.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>
#include <weir/when_all.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

task<> grandchild(event& e) { co_await e.wait(); }
task<> waits_below(event& e) { co_await grandchild(e); }
task<> waits_in_a_channel(channel<int>& c) {
  const auto v = co_await c.receive();
  static_cast<void>(v);
}

task<> stopped_as_optional_of(event& e) {
  const bool ended = co_await stopped_as_optional(grandchild(e));
  static_cast<void>(ended);
}

/// "\n" before each line, so that a whole line can be looked for; places in the source without their line numbers.
std::string lines_of(const root<>& r, const virtual_loop& loop) {
  std::string text = "\n" + detail::tree_dump(loop.now()).below(r.source());
  for (std::size_t at = text.find(".cpp:"); at != std::string::npos; at = text.find(".cpp:", at + 1)) {
    text.erase(at + 4, text.find(')', at) - at - 4);
  }
  return text;
}

bool contains(const std::string& text, const std::string& what) {
  INFO(text);
  CHECK_THAT(text, Catch::Contains(what));
  return text.find(what) != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++n;
  }
  return n;
}

} // namespace

TEST_CASE("whatever can be awaited, a dump says what it is") {
  for (const awaitable& a : awaitables_of_the_core()) {
    if (a.ends_by_itself) {
      continue;
    }
    CAPTURE(a.awaiter);
    virtual_loop loop;
    never_ready n;
    root r(loop, a.wait(n));
    while (loop.step()) {
    }
    REQUIRE(std::string(a.waits_for) != "");
    REQUIRE(contains(lines_of(r, loop), std::string(": waits for ") + a.waits_for + ", 0.000 s\n"));
    r.request_stop();
    loop.drain();
  }
}

TEST_CASE("a dump names each task by function, file and line, those that await each other in one line") {
  virtual_loop loop;
  event never;
  const unsigned here = __LINE__;
  auto body = [&]() -> task<> { co_await waits_below(never); };
  root r(loop, body());
  loop.drain();
  REQUIRE(contains(lines_of(r, loop), "::<lambda> (tree_dump_test.cpp) > waits_below (tree_dump_test.cpp) > "
                                      "grandchild (tree_dump_test.cpp): waits for event, 0.000 s\n"));
  REQUIRE(contains(detail::tree_dump(loop.now()).below(r.source()), "tree_dump_test.cpp:" + std::to_string(here + 1) + ")"));
  r.request_stop();
  loop.drain();
}

TEST_CASE("a dump says how long a wait has lasted, by the loop's clock") {
  virtual_loop loop;
  event never;
  auto body = [&]() -> task<> {
    co_await sleep_for(250ms);
    co_await grandchild(never);
  };
  root r(loop, body());
  auto clock = []() -> task<> { co_await sleep_for(2s); };
  root other(loop, clock());
  loop.drain();
  REQUIRE(contains(lines_of(r, loop), ": waits for event, 1.750 s\n"));
  r.request_stop();
  loop.drain();
}

TEST_CASE("below what waits for others a dump shows them, in the order of their start, each once") {
  virtual_loop loop;
  event never;
  channel<int> empty(1);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(waits_in_a_channel(empty));
      s.spawn(stopped_as_optional_of(never));
      co_await when_all(grandchild(never), waits_in_a_channel(empty));
    });
  };
  root r(loop, body());
  loop.drain();
  const std::string text = lines_of(r, loop);
  INFO(text);
  REQUIRE(count_of(text, "\n- ") == 1);
  REQUIRE(count_of(text, "\n  - ") == 3); // the body is the first
  REQUIRE(count_of(text, "\n    - ") == 3);
  const std::size_t all = text.find("waits for when_all");
  const std::size_t spawned = text.find("\n  - waits_in_a_channel (tree_dump_test.cpp): waits for channel receive");
  const std::size_t captured = text.find("stopped_as_optional_of");
  REQUIRE(all < spawned);
  REQUIRE(spawned < captured);
  REQUIRE(captured < text.find("\n    - grandchild (tree_dump_test.cpp): waits for event", captured));
  r.request_stop();
  loop.drain();
}

TEST_CASE("tasks that say the same are one line, with their number and the shortest and the longest wait") {
  virtual_loop loop;
  event never;
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      for (int i = 0; i < 1000; ++i) {
        s.spawn(grandchild(never));
        co_await sleep_for(1ms);
      }
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(contains(lines_of(r, loop), "\n  - 1000 x grandchild (tree_dump_test.cpp): waits for event, 0.001 to 1.000 s\n"));
  r.request_stop();
  loop.drain();
}

TEST_CASE("a dump tells who waits though it was asked to stop, who is about to go on, and who runs") {
  virtual_loop loop;
  event never;
  std::string text;
  const root<>* self = nullptr;
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(finally(grandchild(never), grandchild(never), 1h));
      s.spawn(grandchild(never));
      co_await yield();
      text = lines_of(*self, loop);
      s.request_stop();
      co_await never.wait();
    });
  };
  root r(loop, body());
  self = &r;
  for (int i = 0; i < 20; ++i) {
    loop.step();
  }
  REQUIRE(contains(text, "<lambda> (tree_dump_test.cpp): running\n"));
  const std::string later = lines_of(r, loop);
  REQUIRE(contains(later, "(finally.hpp:"));
  REQUIRE(contains(later, ": asked to stop, waits for shielded task, 0.000 s\n"));
  REQUIRE(contains(later, "<lambda> (tree_dump_test.cpp): stopped, waits for its scope's children\n"));
  never.set();
  REQUIRE(contains(lines_of(r, loop), "grandchild (tree_dump_test.cpp): ready to go on\n"));
  r.request_stop();
  loop.drain();
}

TEST_CASE("10,000 nested scopes are dumped in constant stack, and in lines of bounded length") {
  virtual_loop loop;
  event never;
  struct nested {
    static task<> of(event& e, int depth) {
      co_await with_scope([&](scope& s) -> task<> {
        if (depth > 0) {
          s.spawn(of(e, depth - 1));
        }
        co_await e.wait();
      });
    }
    static task<> called(event& e, int depth) {
      if (depth > 0) {
        co_await called(e, depth - 1);
      }
      co_await e.wait();
    }
  };
  root r(loop, nested::of(never, 9'999));
  root calls(loop, nested::called(never, 9'999));
  loop.drain();
  const std::string text = lines_of(r, loop);
  REQUIRE(count_of(text, "\n") == 20'001);
  REQUIRE(text.size() < 20'000 * 250);
  REQUIRE(contains(text.substr(text.size() - 1000), "- [10000 deep] "));
  REQUIRE(contains(lines_of(calls, loop), " > ... 9988 more > "));
  r.request_stop();
  calls.request_stop();
  loop.drain();
}
