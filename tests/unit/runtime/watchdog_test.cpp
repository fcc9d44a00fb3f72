#include "settings.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

/// What the watchdog told, and on which thread.
class told {
public:
  weir::runtime_options options(std::chrono::nanoseconds slow) {
    weir::runtime_options o;
    o.slow_stop = slow;
    o.on_dump = [](void* self, std::string_view text) { static_cast<told*>(self)->take(text); };
    o.on_dump_context = this;
    return o;
  }
  std::size_t count() {
    const std::lock_guard hold(lock_);
    return texts_.size();
  }
  std::string text(std::size_t i) {
    const std::lock_guard hold(lock_);
    return texts_.at(i);
  }
  bool on_this_thread(std::size_t i) {
    const std::lock_guard hold(lock_);
    return threads_.at(i) == std::this_thread::get_id();
  }

private:
  void take(std::string_view text) {
    const std::lock_guard hold(lock_);
    texts_.emplace_back(text);
    threads_.push_back(std::this_thread::get_id());
  }
  std::mutex lock_;
  std::vector<std::string> texts_;
  std::vector<std::thread::id> threads_;
};

weir::task<> runs_on_a_worker_until(const std::atomic<bool>& released, std::atomic<bool>& begun) {
  auto deaf = [&] {
    begun = true;
    while (!released) {
      std::this_thread::sleep_for(1ms);
    }
  };
  co_await weir::on_worker(deaf);
  co_await weir::sleep_for(1h);
}

weir::task<> blocks_the_loop_until_told(told& t) {
  co_await weir::yield();
  while (t.count() == 0) {
    std::this_thread::sleep_for(1ms);
  }
  co_await weir::sleep_for(1h);
}

std::ptrdiff_t watchdogs_of(const weir::runtime& rt) {
  const std::vector<std::string> threads = rt.audit().threads;
  return std::count(threads.begin(), threads.end(), "weir-watch");
}

bool contains(const std::string& text, const std::string& what) {
  INFO(text);
  CHECK_THAT(text, Catch::Contains(what));
  return text.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("a stop that takes longer than it may is told of once, with what it waits for") {
  told t;
  place p(GENERATE(from_settings()), t.options(20ms));
  std::atomic<bool> begun{false};
  std::atomic<bool> released{false};
  const weir::stop_handle stop;
  auto stops = [&]() -> weir::task<> {
    while (!begun) {
      co_await weir::sleep_for(1ms);
    }
    stop.request_stop();
    while (t.count() == 0) {
      co_await weir::sleep_for(1ms);
    }
    co_await weir::sleep_for(100ms);
    released = true;
  };
  (void)p.rt->start(stops());
  REQUIRE(p.rt->run(runs_on_a_worker_until(released, begun), stop).stopped());
  REQUIRE(t.count() == 1);
  REQUIRE(t.on_this_thread(0));
  REQUIRE(contains(t.text(0), "weir: a stop has taken longer than 0.020 s\nweir: 2 tasks started, "));
  REQUIRE(contains(t.text(0), "): asked to stop, waits for worker to run a function of the user's, "));
}

TEST_CASE("where the loop thread is stuck in a user's function, the watchdog's own thread tells which task that is") {
  told t;
  place p(GENERATE(from_settings()), t.options(10ms));
  const weir::stop_handle stop;
  std::thread other([&] {
    std::this_thread::sleep_for(5ms);
    stop.request_stop();
  });
  REQUIRE(p.rt->run(blocks_the_loop_until_told(t), stop).stopped());
  other.join();
  REQUIRE(t.count() >= 1); // the loop may tell the same when it goes on
  REQUIRE_FALSE(t.on_this_thread(0));
  REQUIRE(contains(t.text(0), "the loop thread hasn't looked at it for as long"));
  REQUIRE(contains(t.text(0), "blocks_the_loop_until_told (watchdog_test.cpp:"));
}

TEST_CASE("stops that end in time are not told of, however many there are, and what isn't stopped never is") {
  const setting s = GENERATE(from_settings());
  told t;
  place p(s, t.options(10s));
  REQUIRE(watchdogs_of(*p.rt) == 1);
  for (int i = 0; i < 100; ++i) {
    const weir::stop_handle stop;
    std::thread other([&] { stop.request_stop(); });
    auto work = []() -> weir::task<> { co_await weir::sleep_for(1h); };
    REQUIRE(p.rt->run(work(), stop).stopped());
    other.join();
  }
  p.rt.reset();
  REQUIRE(t.count() == 0);

  told short_of_time;
  place q(s, short_of_time.options(1ms));
  auto works = []() -> weir::task<> { co_await weir::sleep_for(30ms); };
  REQUIRE(q.rt->run(works()).done());
  q.rt.reset();
  REQUIRE(short_of_time.count() == 0);
}

TEST_CASE("a watchdog needs somebody to tell, and there is none unless it was asked for") {
  weir::runtime_options o;
  o.workers = 1;
  REQUIRE(watchdogs_of(weir::runtime(o)) == 0);
  o.slow_stop = 1s;
  REQUIRE_THROWS_AS(weir::runtime(o), std::invalid_argument);
}
