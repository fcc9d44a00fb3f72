#include "settings.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "png_files.hpp"

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

std::string dump_of(const weir::runtime& rt) {
  std::ostringstream text;
  rt.dump(text);
  return text.str();
}

/// Runs `work` until a dump says all of `wanted`, and stops it.
std::string dump_with(weir::runtime& rt, weir::task<> work, const std::vector<std::string>& wanted) {
  const weir::stop_handle stop;
  std::string text;
  auto looks = [&]() -> weir::task<> {
    auto missing = [&](const std::string& w) { return text.find(w) == std::string::npos; };
    while (std::any_of(wanted.begin(), wanted.end(), missing)) {
      co_await weir::sleep_for(1ms);
      text = dump_of(rt);
    }
    stop.request_stop();
  };
  (void)rt.start(looks());
  const auto o = rt.run(std::move(work), stop);
  CHECK(o.stopped());
  return text;
}

struct received {
  std::atomic<int> dumps{0};
  std::string last;
  std::thread::id on;
  static void take(void* context, std::string_view text) {
    auto& self = *static_cast<received*>(context);
    self.last = text;
    self.on = std::this_thread::get_id();
    ++self.dumps;
  }
};

weir::runtime* signalled = nullptr;

} // namespace

TEST_CASE("a dump of a runtime that does nothing says so") {
  place p(GENERATE(from_settings()));
  REQUIRE_THAT(dump_of(*p.rt), Catch::StartsWith("weir: 0 tasks started, loop " + std::string(p.rt->loop_name())));
  REQUIRE_THAT(dump_of(*p.rt), Catch::Contains("0 jobs running and 0 queued; engine: 0 operations\n"));
}

TEST_CASE("a dump names the file that is read, and the pipeline that waits for it") {
  place p(GENERATE(from_settings()));
  png_directory d;
  const std::string fifo = d.fifo();
  auto work = [&]() -> weir::task<> {
    auto images = weir::files(d.paths) | weir::read() | weir::decode_png() | weir::batched(2);
    auto take = [](const weir::image_batch&) {};
    co_await std::move(images).for_each(take);
  };
  const std::string text = dump_with(*p.rt, work(), {"waits for read of", "waits for batch"});
  INFO(text);
  REQUIRE_THAT(text, Catch::Contains("weir: 2 tasks started"));
  REQUIRE_THAT(text, Catch::Contains("read_one (read.cpp:"));
  REQUIRE_THAT(text, Catch::Contains(": waits for read of " + fifo + " (64.0 KiB), "));
  REQUIRE_THAT(text, Catch::Contains("): waits for batch, "));
  REQUIRE_THAT(text, Catch::Contains("engine: 1 operation\n"));
  REQUIRE_THAT(text, Catch::Contains(": running\n")); // who dumps
}

TEST_CASE("a dump tells which jobs run, who waits for memory, and what the user holds") {
  weir::runtime_options o;
  o.workers = 1;
  o.memory = 40'000;
  place p(GENERATE(from_settings()), o);
  const auto body = png_bytes(100, 100);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(body));
  auto until_stopped = [](weir::stop_flag stop) {
    while (!stop.requested()) {
      std::this_thread::sleep_for(1ms);
    }
  };
  auto work = [&]() -> weir::task<> {
    co_await weir::with_scope([&](weir::scope& s) -> weir::task<> {
      const weir::image held = co_await weir::decode_png(*p.rt, bytes, {});
      auto decodes = [&]() -> weir::task<> { (void)co_await weir::decode_png(*p.rt, bytes, {}); };
      s.spawn(decodes());
      auto runs = [&]() -> weir::task<> { co_await weir::on_worker(until_stopped); };
      s.spawn(runs());
      s.spawn(runs());
      co_await weir::sleep_for(1h);
    });
  };
  const std::string text = dump_with(*p.rt, work(), {"waits for pool memory", "1 job running and 1 queued", "2 x "});
  INFO(text);
  REQUIRE_THAT(text, Catch::Contains("pixels: 29.3 KiB of 39.1 KiB in 1 block, of them 29.3 KiB in 1 held by the user; 1 "
                                     "request waiting\n"));
  REQUIRE_THAT(text, Catch::Contains("workers: 1, with 1 job running and 1 queued"));
  REQUIRE_THAT(text, Catch::Contains(": waits for pool memory (29.3 KiB), "));
  REQUIRE_THAT(text, Catch::Contains("  - 2 x ") && Catch::Contains(": waits for worker to run a function of the user's, "));
  REQUIRE_THAT(text, Catch::Contains(": waits for sleep, "));
  REQUIRE(nothing_left(p.rt->audit()));
}

TEST_CASE("a dump tells which root was asked to stop, and what holds it up") {
  place p(GENERATE(from_settings()));
  std::atomic<bool> begun{false};
  std::atomic<bool> released{false};
  auto deaf = [&] {
    begun = true;
    while (!released) {
      std::this_thread::sleep_for(1ms);
    }
  };
  auto work = [&]() -> weir::task<> {
    co_await weir::on_worker(deaf);
    co_await weir::sleep_for(1h);
  };
  const weir::stop_handle stop;
  std::string text;
  auto looks = [&]() -> weir::task<> {
    while (!begun) {
      co_await weir::sleep_for(1ms);
    }
    stop.request_stop();
    co_await weir::sleep_for(5ms); // a turn later at least
    text = dump_of(*p.rt);
    released = true;
  };
  (void)p.rt->start(looks());
  REQUIRE(p.rt->run(work(), stop).stopped());
  INFO(text);
  REQUIRE_THAT(text, Catch::Contains(", asked to stop "));
  REQUIRE_THAT(text, Catch::Contains(": asked to stop, waits for worker to run a function of the user's, "));
}

TEST_CASE("a dump can be asked for from another thread and from a signal handler, and comes on the loop thread") {
  received got;
  weir::runtime_options o;
  o.on_dump = &received::take;
  o.on_dump_context = &got;
  place p(GENERATE(from_settings()), o);
  const weir::stop_handle stop;
  auto until = [&](int n) {
    while (got.dumps < n) {
      std::this_thread::sleep_for(1ms);
    }
  };
  std::thread other([&] {
    p.rt->request_dump();
    until(1);
    signalled = &*p.rt;
    std::signal(SIGUSR1, [](int) { signalled->request_dump(); });
    std::raise(SIGUSR1);
    until(2);
    std::signal(SIGUSR1, SIG_DFL);
    stop.request_stop();
  });
  auto work = []() -> weir::task<> { co_await weir::sleep_for(1h); };
  REQUIRE(p.rt->run(work(), stop).stopped());
  other.join();
  REQUIRE(got.dumps == 2);
  REQUIRE(got.on == std::this_thread::get_id());
  REQUIRE_THAT(got.last, Catch::Contains(": waits for sleep, "));
}

TEST_CASE("dumps that are asked for while a runtime runs and closes neither hold it up nor come after its end") {
  for (int i = 0; i < 50; ++i) {
    received got;
    weir::runtime_options o;
    o.on_dump = &received::take;
    o.on_dump_context = &got;
    place p({i % 2 == 1, weir::engine_choice::blocking}, o);
    std::atomic<bool> over{false};
    std::thread other([&] {
      while (!over) {
        p.rt->request_dump();
      }
    });
    auto work = []() -> weir::task<> { co_await weir::sleep_for(1ms); };
    REQUIRE(p.rt->run(work()).done());
    bool closed = false;
    p.rt->close([&] { closed = true; });
    while (!closed) {
      uv_run(&p.h->uv, UV_RUN_ONCE);
    }
    const int dumps = got.dumps;
    over = true;
    other.join();
    REQUIRE(got.dumps == dumps);
  }
}
