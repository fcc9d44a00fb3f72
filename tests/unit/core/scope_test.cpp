#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/event.hpp>
#include <weir/finally.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

task<> writes(diary& d, std::string what, std::chrono::milliseconds after) {
  const noted local(d, what + " destroyed");
  co_await sleep_for(after);
  d.push_back(what);
}
task<> parks(diary& d, std::string what, event& e) {
  const noted local(d, what);
  co_await e.wait();
}
task<> throws_after(std::string what, std::chrono::milliseconds after) {
  co_await sleep_for(after);
  throw std::runtime_error(what);
}
task<> at_once(int& n) {
  ++n;
  co_return;
}

} // namespace

TEST_CASE("with_scope returns when the body and all children have ended") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(writes(d, "slow", 2ms));
      s.spawn(writes, std::ref(d), "fast", 1ms);
      REQUIRE(s.children() == 2);
      d.push_back("body");
      co_return;
    });
    d.push_back("after");
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"body", "fast", "fast destroyed", "slow", "slow destroyed", "after"});
}

TEST_CASE("with_scope gives the body's value, once the children have ended") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<std::unique_ptr<int>> {
    co_return co_await with_scope([&](scope& s) -> task<std::unique_ptr<int>> {
      s.spawn(writes(d, "child", 1ms));
      co_return std::make_unique<int>(5);
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d.size() == 2);
  REQUIRE(*r.take() == 5);
}

TEST_CASE("a body that is an ordinary function may spawn, throw, and give an empty task") {
  for (const int how : {0, 1, 2}) {
    virtual_loop loop;
    diary d;
    auto body = [&]() -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        s.spawn(writes(d, "child", 1ms));
        if (how == 1) {
          throw std::runtime_error("at once");
        }
        return how == 0 ? writes(d, "body", 2ms) : task<>();
      });
    };
    {
      root r(loop, body());
      loop.drain();
      REQUIRE(r.done() == (how == 0));
      REQUIRE(d ==
              (how == 0 ? diary{"child", "child destroyed", "body", "body destroyed"} : diary{})); // nor does the child start
      if (how == 1) {
        REQUIRE_THROWS_WITH(r.take(), "at once");
      } else if (how == 2) {
        REQUIRE_THROWS_AS(r.take(), std::logic_error);
      }
    }
    REQUIRE(loop.live_frames() == 0);
  }
}

TEST_CASE("the first error of a child stops the others and the body, and is thrown when all have ended") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<std::string> {
    std::string caught;
    try {
      co_await with_scope([&](scope& s) -> task<> {
        const noted local(d, "body");
        s.spawn(parks(d, "older", never));
        s.spawn(throws_after("first", 1ms));
        s.spawn(parks(d, "newer", never));
        co_await never.wait();
      });
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    d.push_back("caught");
    co_return caught;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == "first");
  REQUIRE(d == diary{"newer", "older", "body", "caught"});
}

TEST_CASE("an error of the body stops the children; what fails after it is listed") {
  virtual_loop loop;
  auto body = []() -> task<> {
    co_await with_scope([](scope& s) -> task<> {
      s.spawn(finally(throws_after("never", 1h), throws_after("cleanup", 1ms)));
      co_await sleep_for(1ms);
      throw std::runtime_error("body");
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE_THROWS_WITH(r.take(), "body");
  REQUIRE(r.suppressed() == 1);
}

TEST_CASE("a sibling throws while the root is stopping, another fails in its cleanup; the stop stands, both are listed") {
  virtual_loop loop;
  auto body = []() -> task<> {
    co_await with_scope([](scope& s) -> task<> {
      s.spawn(finally(throws_after("never", 1h), throws_after("cleanup", 2ms)));
      s.spawn(shield(throws_after("shielded", 2ms), 1s));
      co_await sleep_for(1h);
    });
  };
  root r(loop, body());
  for (int i = 0; i < 20; ++i) {
    loop.step();
  }
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(r.suppressed() == 2);
}

TEST_CASE("an error that was decided before the stop is the outcome, though its scope waits for children after it") {
  virtual_loop loop;
  auto body = []() -> task<> {
    co_await with_scope([](scope& s) -> task<> {
      s.spawn(shield(throws_after("late", 10ms), 1s));
      s.spawn(throws_after("early", 1ms));
      co_return;
    });
  };
  root r(loop, body());
  for (bool stopped = false; loop.turn();) {
    if (!stopped && loop.now() >= detail::time_point{} + 1s + 1ms && !loop.has_ready()) {
      r.request_stop();
      stopped = true;
    }
  }
  REQUIRE(r.failed());
  REQUIRE_THROWS_WITH(r.take(), "early");
  REQUIRE(r.suppressed() == 1);
}

TEST_CASE("a stop destroys the children newest first, and the scope's body after the last of them") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    const noted outer(d, "outer");
    co_await with_scope([&](scope& s) -> task<> {
      const noted local(d, "body");
      for (int i = 0; i < 3; ++i) {
        s.spawn(parks(d, std::to_string(i), never));
      }
      s.spawn(shield(parks(d, "shielded", never), 5ms));
      co_await never.wait();
    });
  };
  root r(loop, body());
  loop.drain();
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d == diary{"2", "1", "0", "shielded", "body", "outer"});
}

TEST_CASE("a scope that stops itself returns normally; from the body, from a child, whoever asks") {
  for (const bool from_child : {false, true}) {
    virtual_loop loop;
    diary d;
    event never;
    auto body = [&]() -> task<> {
      co_await with_scope([&](scope& s) -> task<> {
        s.spawn(parks(d, "parked", never));
        if (from_child) {
          s.spawn([](scope& own, diary& log) -> task<> {
            co_await yield();
            own.request_stop();
            log.push_back("asked");
            co_await yield();
            log.push_back("went on");
          }(s, d));
        } else {
          co_await yield();
          s.request_stop();
          d.push_back("asked");
        }
        co_await never.wait();
        d.push_back("went on");
      });
      d.push_back("after");
      co_await yield();
      d.push_back("not stopped");
    };
    root r(loop, body());
    loop.drain();
    REQUIRE(r.done());
    REQUIRE(d == diary{"asked", "parked", "after", "not stopped"});
  }
}

TEST_CASE("a scope that owes a value and whose body was stopped ends what awaits it as stopped") {
  virtual_loop loop;
  auto body = []() -> task<int> {
    co_return co_await with_scope([](scope& s) -> task<int> {
      s.request_stop();
      co_await yield();
      co_return 1;
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.stopped());
}

TEST_CASE("a child that ends stopped, unasked, has just ended; a body that does, stops its scope") {
  virtual_loop loop;
  diary d;
  event never;
  auto stops = []() -> task<> { co_await stop_here(); };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(stops());
      co_await sleep_for(1ms);
      d.push_back("body goes on");
      s.spawn(parks(d, "child", never));
      co_await yield();
      co_await stop_here();
    });
    d.push_back("after");
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"body goes on", "child", "after"});
}

TEST_CASE("spawning into a stopping scope starts nothing, and destroys what was given") {
  virtual_loop loop;
  diary d;
  auto child = [](noted, diary& log) -> task<> {
    log.push_back("began");
    co_return;
  };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.request_stop();
      s.spawn(child(noted(d, "argument"), d));
      s.spawn([](diary& log) -> task<> { return writes(log, "function", 0ms); }, std::ref(d));
      REQUIRE(s.children() == 0);
      co_await s.spawn_when_room(writes, std::ref(d), "late", 0ms);
      d.push_back("went on");
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"argument"});
}

TEST_CASE("a scope that a stop of the tree kept from spawning ends as stopped, though its body came to its end") {
  virtual_loop loop;
  diary d;
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(writes(d, "child", 0ms));
      co_return;
    });
    d.push_back("scope returned");
  };
  root r(loop, body());
  loop.step(); // the scope's body is to run next
  r.request_stop();
  loop.drain();
  REQUIRE(r.stopped());
  REQUIRE(d.empty());
}

TEST_CASE("an empty task, or a task of another runtime's, is misuse in spawn") {
  virtual_loop loop;
  auto body = []() -> task<int> {
    int caught = 0;
    co_await with_scope([&](scope& s) -> task<> {
      try {
        s.spawn(task<>());
      } catch (const std::logic_error&) {
        ++caught;
      }
      const virtual_loop other; // its recycler is the current one now
      try {
        s.spawn(at_once(caught));
      } catch (const std::logic_error&) {
        ++caught;
      }
      co_return;
    });
    co_return caught;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == 2);
}

TEST_CASE("a scope without room is misuse") {
  virtual_loop loop;
  auto body = []() -> task<> { co_await with_scope([](scope&) -> task<> { co_return; }, {.room = 0}); };
  root r(loop, body());
  loop.drain();
  REQUIRE_THROWS_AS(r.take(), std::logic_error);
}

TEST_CASE("what spawn copied lives until the child's frame is gone") {
  virtual_loop loop;
  diary d;
  struct last_words { // looks at what the argument owns when it dies, as a parameter of the frame may
    explicit last_words(const std::string& s, diary& log) : words(&s), out(&log) {}
    last_words(last_words&& o) noexcept : words(std::exchange(o.words, nullptr)), out(o.out) {}
    ~last_words() {
      if (words != nullptr) {
        out->push_back(*words);
      }
    }
    const std::string* words;
    diary* out;
  };
  struct child {
    static task<> of(last_words) { co_await yield(); }
    static task<> from(const std::string& s, diary& log) { return of(last_words(s, log)); }
  };
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn([](const std::string& words, diary& log) { return child::from(words, log); },
              std::string("a string that is too long for the small buffer"), std::ref(d));
      co_return;
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d == diary{"a string that is too long for the small buffer"});
}
