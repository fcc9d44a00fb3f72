#include <weir/stop_handle.hpp>

#include "../../sanitized.hpp"
#include "runtime/control.hpp"
#include "settings.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>

using namespace weir::test;

namespace {

weir::task<> parks() {
  weir::event never;
  co_await never.wait();
}
weir::task<> yields(int times) {
  for (int i = 0; i < times; ++i) {
    co_await weir::yield();
  }
}

const weir::stop_handle* in_handler = nullptr;

} // namespace

TEST_CASE("a stop before the start, during, after the end, and after the runtime is gone is legal, any number of times") {
  const weir::stop_handle before;
  weir::stop_handle during;
  weir::stop_handle late;
  {
    place p(GENERATE(from_settings()));
    REQUIRE_FALSE(before.stop_requested());
    before.request_stop();
    before.request_stop();
    REQUIRE(before.stop_requested());
    REQUIRE(p.rt->run(parks(), before).stopped());

    bool stopped = false;
    during = p.rt->start(parks(), [&](weir::outcome<> o) { stopped = o.stopped(); });
    const weir::stop_handle copy = during;
    (void)p.rt->run(yields(3));
    REQUIRE_FALSE(stopped);
    copy();
    p.rt->run();
    REQUIRE(stopped);

    late = p.rt->start(yields(1));
    p.rt->run();
    late.request_stop();
    late.request_stop();
    REQUIRE(p.rt->run(yields(1)).done());
  }
  before.request_stop();
  during.request_stop();
  late.request_stop();
}

TEST_CASE("a handle that has stopped one task stops the next one that it is given to") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  REQUIRE(p.rt->run(yields(1), stop).done());
  for (int i = 0; i < 3; ++i) {
    (void)p.rt->start([](weir::stop_handle s) -> weir::task<> {
      s.request_stop();
      co_return;
    }(stop));
    REQUIRE(p.rt->run(parks(), stop).stopped());
  }
}

TEST_CASE("a stop handle is harmless whatever moment another thread uses it at") {
  place p(GENERATE(from_settings()));
  std::atomic<int> round{0};
  std::atomic<int> finished{0};
  weir::stop_handle current;
  constexpr int rounds = weir::sanitized ? 1000 : 2500; // times four settings
  std::thread other([&] {
    for (int i = 1; i <= rounds; ++i) {
      while (round.load() != i) {
        std::this_thread::yield();
      }
      current.request_stop();
      finished.store(i);
    }
  });
  int done = 0;
  int stopped = 0;
  for (int i = 1; i <= rounds; ++i) {
    while (finished.load() != i - 1) {
      std::this_thread::yield();
    }
    current = weir::stop_handle();
    round.store(i);
    const auto o = p.rt->run(yields(i % 40), current);
    (o.done() ? done : stopped) += 1;
  }
  other.join();
  REQUIRE(done + stopped == rounds);
  REQUIRE(nothing_left(p.rt->audit()));
}

TEST_CASE("a job that finds the flag of a stop set, of which the loop has not heard yet, is no end of the scope around it") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  bool ran = false;
  bool went_on = false;
  auto work = [&] { ran = true; };
  auto body = [&](weir::scope&) -> weir::task<> {
    stop.control()->stop_requested = true; // a request from another thread, which hasn't come further
    co_await weir::on_worker(work);
    went_on = true;
  };
  auto all = [&]() -> weir::task<> {
    co_await weir::with_scope(body);
    went_on = true;
  };
  REQUIRE(p.rt->run(all(), stop).stopped());
  REQUIRE_FALSE(ran);
  REQUIRE_FALSE(went_on);
}

TEST_CASE("a function on a worker that sees a stop first gives its value, and what is awaited next is stopped") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  int value = 0;
  auto sees_it = [&](weir::stop_flag flag) {
    stop.control()->stop_requested = true;
    return flag.requested() ? 7 : 0;
  };
  auto all = [&]() -> weir::task<> {
    value = co_await weir::on_worker(sees_it);
    weir::event never;
    co_await never.wait();
  };
  REQUIRE(p.rt->run(all(), stop).stopped());
  REQUIRE(value == 7);
}

TEST_CASE("a task is stopped from a signal handler") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  in_handler = &stop;
  struct sigaction action {};
  struct sigaction old {};
  action.sa_handler = [](int) { in_handler->request_stop(); };
  sigaction(SIGUSR1, &action, &old);
  const pthread_t me = pthread_self();
  std::thread other([&] { pthread_kill(me, SIGUSR1); });
  REQUIRE(p.rt->run(parks(), stop).stopped());
  other.join();
  sigaction(SIGUSR1, &old, nullptr);
}

TEST_CASE("a handle that was used may be given to another runtime while the first one ends") {
  for (int i = 0; i < 50; ++i) {
    const weir::stop_handle stop;
    auto first = std::make_unique<weir::runtime>(weir::runtime_options{.workers = 1, .engine = weir::engine_choice::blocking});
    (void)first->run(
        [](weir::stop_handle s) -> weir::task<> {
          s.request_stop(); // too late for this task to hear of it
          co_return;
        }(stop),
        stop);
    weir::runtime second({.workers = 1, .engine = weir::engine_choice::blocking});
    std::thread other([&] {
      for (int k = 0; k < 20; ++k) {
        if (!second.run(parks(), stop).stopped()) {
          std::abort();
        }
      }
    });
    first.reset();
    other.join();
  }
}

TEST_CASE("a teardown is timed from its task's own beginning, however long before that its stop was asked for") {
  place p(GENERATE(from_settings()));
  const weir::stop_handle stop;
  stop.request_stop();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const auto outcome = p.rt->run(parks(), stop);
  REQUIRE(outcome.stopped());
  REQUIRE(outcome.teardown().time < std::chrono::seconds(2));
}

namespace {

std::multiset<std::string> names_of_threads() {
  std::multiset<std::string> shown;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream from(thread.path() / "comm");
    std::string name;
    std::getline(from, name);
    shown.insert(name);
  }
  return shown;
}

} // namespace

TEST_CASE("audit names the threads as the system does") {
  place p(GENERATE(from_settings()));
  const std::vector<std::string> named = p.rt->audit().threads;
  const auto all_are_shown = [&] {
    const auto shown = names_of_threads();
    return std::all_of(named.begin(), named.end(), [&](const std::string& name) { return shown.count(name) == 1; });
  };
  for (int i = 0; i < 1000 && !all_are_shown(); ++i) { // a thread gives itself its name
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CAPTURE(named, names_of_threads());
  CHECK(all_are_shown());
}
