#include "settings.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "png_files.hpp"

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

weir::task<int> answer() { co_return 42; }
weir::task<> nothing() { co_return; }
weir::task<int> fails() {
  throw std::runtime_error("bad luck");
  co_return 0;
}
weir::task<> sleeps(std::chrono::nanoseconds t) { co_await weir::sleep_for(t); }
weir::task<> parks() {
  weir::event never;
  co_await never.wait();
}

} // namespace

TEST_CASE("a task's value, error or stop is its outcome") {
  place p(GENERATE(from_settings()));
  auto value = p.rt->run(answer());
  REQUIRE(value.done());
  REQUIRE(value.value() == 42);

  auto error = p.rt->run(fails());
  REQUIRE(error.failed());
  REQUIRE(error.error() != nullptr);
  REQUIRE_THROWS_WITH(error.value(), "bad luck");

  const weir::stop_handle stop;
  stop.request_stop();
  auto stopped = p.rt->run(parks(), stop);
  REQUIRE(stopped.stopped());
  REQUIRE_THROWS_AS(stopped.value(), std::logic_error);
  REQUIRE(nothing_left(p.rt->audit()));
}

TEST_CASE("a runtime runs one task after the other, and sleeps in between") {
  place p(GENERATE(from_settings()));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(p.rt->run(answer()).value() == 42);
  }
  REQUIRE(p.rt->run(sleeps(2ms)).done());
  p.rt->run(); // nothing was started: returns
}

TEST_CASE("what was started is told of its end, and run() waits for all of it") {
  place p(GENERATE(from_settings()));
  int ended = 0;
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    (void)p.rt->start(answer(), [&](weir::outcome<int> o) {
      ++ended;
      sum += o.value();
    });
  }
  (void)p.rt->start(sleeps(1ms), [&](weir::outcome<> o) { ended += o.done() ? 1 : 0; });
  (void)p.rt->start(nothing());
  REQUIRE(ended == 0);
  p.rt->run();
  REQUIRE(ended == 11);
  REQUIRE(sum == 420);
  REQUIRE(nothing_left(p.rt->audit()));
}

TEST_CASE("tasks are started from other threads while the runtime runs") {
  place p(GENERATE(from_settings()));
  int ended = 0;
  weir::event all;
  auto wait = [](weir::event& e) -> weir::task<> { co_await e.wait(); };
  std::vector<std::thread> others;
  for (int t = 0; t < 4; ++t) {
    others.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        (void)p.rt->start(answer(), [&](weir::outcome<int> o) {
          ended += o.done() ? 1 : 0;
          if (ended == 1000) {
            all.set();
          }
        });
      }
    });
  }
  REQUIRE(p.rt->run(wait(all)).done());
  for (std::thread& t : others) {
    t.join();
  }
  REQUIRE(ended == 1000);
}

TEST_CASE("a task that was started goes on when run() returns for another, and the next run() carries it on") {
  place p(GENERATE(from_settings()));
  bool ended = false;
  weir::event go;
  auto wait = [](weir::event& e) -> weir::task<> { co_await e.wait(); };
  (void)p.rt->start(wait(go), [&](weir::outcome<> o) { ended = o.done(); });
  REQUIRE(p.rt->run(sleeps(1ms)).done());
  REQUIRE_FALSE(ended);
  auto set = [](weir::event& e) -> weir::task<> {
    e.set();
    co_return;
  };
  (void)p.rt->start(set(go));
  p.rt->run();
  REQUIRE(ended);
}

TEST_CASE("an error lists what failed after it") {
  place p({false, weir::engine_choice::automatic});
  auto cleanup = [](weir::event& begun) -> weir::task<> {
    auto wait = [](weir::event& b) -> weir::task<> {
      b.set();
      weir::event never;
      co_await never.wait();
    };
    auto fail_again = []() -> weir::task<> {
      throw std::runtime_error("second");
      co_return;
    };
    co_await weir::finally(wait(begun), fail_again());
  };
  auto both = [&]() -> weir::task<> {
    weir::event begun;
    auto body = [&](weir::scope& s) -> weir::task<> {
      s.spawn(cleanup(begun));
      co_await begun.wait();
      throw std::runtime_error("first");
    };
    co_await weir::with_scope(body);
  };
  auto o = p.rt->run(both());
  REQUIRE(o.failed());
  REQUIRE_THROWS_WITH(o.value(), "first");
  REQUIRE(o.suppressed().size() == 1);
  REQUIRE_THROWS_WITH(std::rethrow_exception(o.suppressed()[0]), "second");
}

TEST_CASE("a teardown that waits for a worker says so") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  auto busy = [&]() -> weir::task<> {
    auto f = [&] {
      stop.request_stop();
      std::this_thread::sleep_for(5ms); // what can't be interrupted
    };
    co_await weir::on_worker(f);
    weir::event never;
    co_await never.wait();
  };
  const auto o = p.rt->run(busy(), stop);
  REQUIRE(o.stopped());
  REQUIRE(o.teardown().time >= 5ms);
  REQUIRE(o.teardown().waited_for.find("worker") != std::string::npos);
  REQUIRE(p.rt->run(sleeps(1ns)).teardown().waited_for.empty());
}

TEST_CASE("a teardown tells of its own task, and of nothing that the task has dealt with and gone on after") {
  place p(GENERATE(from_settings()));
  auto busy_until_stopped = []() -> weir::task<> {
    auto f = [](weir::stop_flag stop) {
      while (!stop.requested()) {
        std::this_thread::sleep_for(1ms);
      }
    };
    co_await weir::on_worker(f);
  };
  auto tidies = []() -> weir::task<> { co_await weir::sleep_for(60ms); };
  weir::event begun;
  std::atomic<bool> asked = false;
  auto busy_until_asked = [&]() -> weir::task<> {
    auto f = [&] {
      while (!asked) {
        std::this_thread::sleep_for(1ms);
      }
      std::this_thread::sleep_for(20ms);
    };
    begun.set();
    co_await weir::on_worker(f);
  };
  auto stopped = [&]() -> weir::task<> {
    auto work = weir::finally(busy_until_asked(), tidies());
    co_await std::move(work);
  };
  auto ordinary = [&](weir::stop_handle other) -> weir::task<> {
    co_await begun.wait();
    co_await weir::sleep_for(5ms);
    other();
    asked = true;
    co_await weir::sleep_for(35ms); // when this ends the other's job has come back, and its cleanup goes on
  };
  std::string told = "nothing";
  std::string told_ordinary = "nothing";
  const auto stop = p.rt->start(stopped(), [&](weir::outcome<> o) { told = o.teardown().waited_for; });
  p.rt->start(ordinary(stop), [&](weir::outcome<> o) { told_ordinary = o.teardown().waited_for; });
  p.rt->run();
  CHECK(told.find("worker") != std::string::npos);
  CHECK(told_ordinary.empty());

  auto goes_on = [&]() -> weir::task<> {
    auto fails = [](weir::scope&) -> weir::task<> {
      throw std::runtime_error("x");
      co_return;
    };
    int dealt_with = 0;
    try {
      co_await weir::with_scope(fails);
    } catch (const std::runtime_error&) {
      ++dealt_with;
    }
    const std::vector<int> one{1};
    auto nothing = [](int) {};
    co_await weir::range(one).for_each(nothing);
    auto late = weir::with_deadline(200ms, busy_until_stopped()); // waits for the job, which gives its result all the same
    co_await std::move(late);
    CHECK(dealt_with == 1);
    co_await weir::sleep_for(2s);
  };
  const auto o = p.rt->run(goes_on());
  CHECK(o.done());
  CHECK(o.teardown().time < 2s);
  CHECK(o.teardown().waited_for.empty());
}

TEST_CASE("misuse is caught with a message") {
  place p(GENERATE(from_settings()));
  weir::runtime& rt = *p.rt;
  REQUIRE_THROWS_AS(rt.run(weir::task<>()), std::logic_error);
  REQUIRE_THROWS_AS(rt.start(weir::task<int>()), std::logic_error);
  auto nested = [&]() -> weir::task<> {
    (void)rt.run(answer());
    co_return;
  };
  auto o = rt.run(nested());
  REQUIRE(o.failed());
  REQUIRE_THROWS_AS(o.value(), std::logic_error);
  auto nested_idle = [&]() -> weir::task<> {
    rt.run();
    co_return;
  };
  REQUIRE_THROWS_AS(rt.run(nested_idle()).value(), std::logic_error);

  const weir::stop_handle running;
  auto twice = [&]() -> weir::task<> { co_await weir::sleep_for(1ns); };
  weir::runtime other{{.workers = 1}};
  auto outer = [&]() -> weir::task<> {
    (void)other.run(twice(), running); // the handle is of this task
    co_return;
  };
  REQUIRE_THROWS_AS(rt.run(outer(), running).value(), std::logic_error);
  REQUIRE(rt.run(answer()).value() == 42); // it has survived all that
  REQUIRE(nothing_left(rt.audit()));
}

TEST_CASE("options that make no sense are refused") {
  REQUIRE_THROWS_AS(weir::runtime({.workers = -1}), std::invalid_argument);
  REQUIRE_THROWS_AS(weir::runtime({.memory = 0}), std::invalid_argument);
  REQUIRE_THROWS_AS(weir::runtime({.file_memory = 0}), std::invalid_argument);
  REQUIRE_THROWS_AS(weir::runtime({.io_depth = 0}), std::invalid_argument);
}

TEST_CASE("tasks and memory of two runtimes are kept apart") {
  weir::runtime a{{.workers = 1}};
  weir::runtime b{{.workers = 1}};
  const auto bytes = png_bytes(4, 4);
  auto of_the_other = [&]() -> weir::task<> {
    auto decoding = weir::decode_png(b, std::as_bytes(std::span(bytes)), {.channels = 3});
    (void)co_await std::move(decoding);
  };
  REQUIRE_THROWS_AS(a.run(of_the_other()).value(), std::logic_error);

  weir::scope* of_a = nullptr;
  auto spawn_there = [&]() -> weir::task<> {
    of_a->spawn(nothing());
    co_return;
  };
  auto with = [&]() -> weir::task<> {
    auto body = [&](weir::scope& s) -> weir::task<> {
      of_a = &s;
      auto o = b.run(spawn_there()); // one runtime inside a task of another is legal
      REQUIRE_THROWS_AS(o.value(), std::logic_error);
      co_return;
    };
    co_await weir::with_scope(body);
  };
  REQUIRE(a.run(with()).done());
}
