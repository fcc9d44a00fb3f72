#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "awaitables.hpp"
#include "virtual_loop.hpp"

using namespace weir;
using namespace weir::test;

namespace {

/// Lets no time pass.
void settle(virtual_loop& loop) {
  while (loop.step()) {
  }
}

/// What a line that begins a class calls it; empty for any other line.
std::string class_begun_by(const std::string& line) {
  std::istringstream words(line.substr(std::min(line.find_first_not_of(' '), line.size())));
  std::string word;
  words >> word;
  for (int open = 0; word.rfind("template<", 0) == 0 || open > 0;) { // skips the parameters
    open += static_cast<int>(std::count(word.begin(), word.end(), '<') - std::count(word.begin(), word.end(), '>'));
    if (!(words >> word)) {
      return {};
    }
  }
  if (line.empty() || line.back() != '{' || (word != "class" && word != "struct")) {
    return {};
  }
  words >> word;
  if (word == "[[nodiscard]]") {
    words >> word;
  }
  return word;
}

/// The classes of a header that have an await_suspend of their own.
std::set<std::string> awaiters_in(const std::filesystem::path& header) {
  std::set<std::string> found;
  std::string in;
  std::ifstream file(header);
  for (std::string line; std::getline(file, line);) {
    if (line.find("await_suspend(") != std::string::npos) {
      found.insert(in);
    } else if (std::string begun = class_begun_by(line); !begun.empty()) {
      in = std::move(begun);
    }
  }
  return found;
}

} // namespace

TEST_CASE("every awaiter in the core's headers is in the list of awaitables") {
  std::set<std::string> listed = {"waiter", "final_awaiter"}; // a base of several; what a task ends with
  for (const awaitable& a : awaitables()) {
    listed.insert(a.awaiter);
  }
  const auto include = std::filesystem::path(__FILE__).parent_path() / "../../../include/weir";
  std::set<std::string> found;
  for (const char* header :
       {"task", "scope", "when_all", "when_any", "deadline", "shield", "finally", "stopped", "sleep", "channel", "semaphore",
        "event", "async_generator", "detail/waiters", "detail/child", "detail/chain"}) {
    INFO(header);
    REQUIRE(std::filesystem::exists(include / (std::string(header) + ".hpp")));
    found.merge(awaiters_in(include / (std::string(header) + ".hpp")));
  }
  REQUIRE(found.count("task_awaiter") == 1);
  REQUIRE(found.count("next_awaiter") == 1);
  REQUIRE(found.count("scope_join") == 1);
  REQUIRE(found.size() > 15);
  for (const std::string& name : found) {
    INFO(name);
    REQUIRE(listed.count(name) == 1);
  }
}

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
      for (const awaitable& a : awaitables()) {
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
  for (const awaitable& a : awaitables()) {
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
  for (const awaitable& a : awaitables()) {
    INFO(a.awaiter);
    virtual_loop loop;
    never_ready n;
    never_ready others;
    auto body = [&]() -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        for (const awaitable& b : awaitables()) {
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
