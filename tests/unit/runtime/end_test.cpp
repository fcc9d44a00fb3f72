// How a runtime ends: destroyed, or closed, in every state that it may be in.
#include "settings.hpp"

#include <atomic>
#include <thread>

#include "../io/forbid.hpp"
#include "png_files.hpp"

using namespace weir::test;

namespace {

weir::task<> parks() {
  weir::event never;
  co_await never.wait();
}
weir::task<> nothing() { co_return; }

/// Reads, decodes and batches `paths` for ever.
weir::task<> streams(std::vector<std::string> paths, std::atomic<int>& batches) {
  auto images = weir::files(std::move(paths)) | weir::repeat(0) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::batched(4) | weir::prefetch(2);
  auto count = [&](const weir::image_batch&) { ++batches; };
  co_await std::move(images).for_each(count);
}

void exits_with_42(const char* what) { ::_exit(std::string_view(what).find("inside") != std::string_view::npos ? 42 : 43); }

/// Nothing else has to be done before the test case, in a process of its own.
bool at_once() { return true; }

} // namespace

TEST_CASE("a runtime is destroyed with nothing ever run") {
  const place p(GENERATE(from_settings()));
  REQUIRE(nothing_left(p.rt->audit()));
}

TEST_CASE("what was started and never run is told that it was stopped") {
  place p(GENERATE(from_settings()));
  int stopped = 0;
  (void)p.rt->start(parks(), [&](weir::outcome<> o) { stopped += o.stopped() ? 1 : 0; });
  const weir::stop_handle handle = p.rt->start(nothing(), [&](weir::outcome<> o) { stopped += o.stopped() ? 1 : 0; });
  p.rt.reset();
  REQUIRE(stopped == 2);
  handle.request_stop();
}

TEST_CASE("a task that was started by another, and hasn't arrived when its runtime ends, leaves nothing") {
  place p(GENERATE(from_settings()));
  bool told = false;
  auto starter = [&]() -> weir::task<> {
    (void)p.rt->start(parks(), [&](weir::outcome<> o) { told = o.stopped(); });
    co_return;
  };
  REQUIRE(p.rt->run(starter()).done());
  p.rt.reset(); // aborts, in a build with assertions, if a frame is left
  REQUIRE(told);
}

TEST_CASE("destroying a runtime stops what runs, under load, and leaves the other one alone") {
  png_directory d;
  for (unsigned i = 0; i < 20; ++i) {
    d.png(40, 30);
  }
  const setting s = GENERATE(from_settings());
  place p(s);
  place other(s);
  std::atomic<int> batches{0};
  std::atomic<int> others{0};
  int told = 0;
  (void)p.rt->start(streams(d.paths, batches), [&](weir::outcome<> o) { told += o.stopped() ? 1 : 0; });
  (void)p.rt->start(parks(), [&](weir::outcome<> o) { told += o.stopped() ? 1 : 0; });
  auto until = [](std::atomic<int>& n, int enough) -> weir::task<> {
    while (n < enough) {
      co_await weir::sleep_for(std::chrono::microseconds(100));
    }
  };
  REQUIRE(p.rt->run(until(batches, 5)).done());
  const weir::stop_handle stop = other.rt->start(streams(d.paths, others));
  REQUIRE(other.rt->run(until(others, 3)).done());
  p.rt.reset();
  REQUIRE(told == 2);
  REQUIRE(other.rt->run(until(others, others + 3)).done());
  stop.request_stop();
  other.rt->run();
  REQUIRE(nothing_left(other.rt->audit()));
}

TEST_CASE("two runtimes share a host's loop, and one goes while the other is under load") {
  png_directory d;
  for (int i = 0; i < 8; ++i) {
    d.png(64, 64);
  }
  host h;
  std::atomic<int> batches{0};
  std::atomic<int> others{0};
  bool first_gone = false;
  {
    const weir::engine_choice engine = GENERATE(weir::engine_choice::automatic, weir::engine_choice::blocking);
    weir::runtime_options o;
    o.workers = 1;
    o.loop = weir::on(&h.uv);
    o.engine = engine;
    weir::runtime a{o};
    weir::runtime b{o};
    (void)a.start(streams(d.paths, batches));
    const weir::stop_handle stop = b.start(streams(d.paths, others));
    while (batches < 3 || others < 3) {
      uv_run(&h.uv, UV_RUN_ONCE);
    }
    a.close([&] { first_gone = true; });
    while (!first_gone) {
      uv_run(&h.uv, UV_RUN_ONCE);
    }
    REQUIRE(nothing_left(a.audit()));
    const int seen = others;
    while (others < seen + 3) {
      uv_run(&h.uv, UV_RUN_ONCE);
    }
    stop.request_stop();
    uv_run(&h.uv, UV_RUN_DEFAULT); // returns when nothing runs
    REQUIRE(nothing_left(b.audit()));
  }
}

TEST_CASE("close() tells when all of it has ended, and then nothing can be run or started") {
  place p(GENERATE(from_settings()));
  const bool busy = GENERATE(false, true);
  int told = 0;
  int closed = 0;
  if (busy) {
    (void)p.rt->start(parks(), [&](weir::outcome<> o) { told += o.stopped() ? 1 : 0; });
    (void)p.rt->run(nothing());
  }
  p.rt->close([&] { ++closed; });
  if (p.h) {
    REQUIRE(closed == 0); // its handles need turns of the host's loop
    uv_run(&p.h->uv, UV_RUN_DEFAULT);
  }
  REQUIRE(closed == 1);
  REQUIRE(told == (busy ? 1 : 0));
  REQUIRE(nothing_left(p.rt->audit()));
  REQUIRE(p.rt->audit().threads.empty());
  REQUIRE(p.rt->metrics().memory_in_use == 0);
  REQUIRE_THROWS_AS(p.rt->run(nothing()), std::logic_error);
  REQUIRE_THROWS_AS(p.rt->run(), std::logic_error);
  REQUIRE_THROWS_AS(p.rt->start(nothing()), std::logic_error);
  REQUIRE_THROWS_AS(p.rt->close({}), std::logic_error);
}

TEST_CASE("a runtime is destroyed while it closes, and after it was closed with no callback") {
  place p(GENERATE(from_settings()));
  const bool busy = GENERATE(false, true);
  const bool listen = GENERATE(false, true);
  int closed = 0;
  if (busy) {
    (void)p.rt->start(parks());
    (void)p.rt->run(nothing());
  }
  if (listen) {
    p.rt->close([&] { ++closed; });
  } else {
    p.rt->close(nullptr);
  }
  p.rt.reset();
  REQUIRE(closed == (listen ? 1 : 0));
}

TEST_CASE("close() from inside a task stops that task too, and ends when the last has ended") {
  place p(GENERATE(from_settings()));
  const bool idle = GENERATE(false, true); // run() or run(task)
  int closed = 0;
  int told = 0;
  auto closes = [&]() -> weir::task<> {
    p.rt->close([&] { ++closed; });
    weir::event never;
    co_await never.wait();
  };
  (void)p.rt->start(parks(), [&](weir::outcome<> o) { told += o.stopped() ? 1 : 0; });
  if (idle) {
    (void)p.rt->start(closes(), [&](weir::outcome<> o) { told += o.stopped() ? 1 : 0; });
    p.rt->run();
    REQUIRE(told == 2);
  } else {
    REQUIRE(p.rt->run(closes()).stopped());
  }
  if (p.h) {
    while (closed == 0) {
      uv_run(&p.h->uv, UV_RUN_ONCE);
    }
  }
  REQUIRE(closed == 1);
}

TEST_CASE("what is started while the runtime closes ends at once, as stopped") {
  place p(GENERATE(from_settings()));
  int restarted = 0;
  std::function<void(weir::outcome<>)> again = [&](weir::outcome<> o) {
    if (o.stopped() && restarted++ < 3) {
      (void)p.rt->start(parks(), again);
    }
  };
  (void)p.rt->start(parks(), again);
  (void)p.rt->run(nothing());
  p.rt.reset();
  REQUIRE(restarted >= 1);
}

TEST_CASE("what was started from the host's own thread runs in its next uv_run, which returns when it has ended") {
  host h;
  weir::runtime_options o;
  o.workers = 1;
  o.loop = weir::on(&h.uv);
  weir::runtime rt{o};
  int ended = 0;
  auto count = [&](weir::outcome<> e) { ended += e.done() ? 1 : 0; };
  for (int i = 1; i <= 3; ++i) {
    (void)rt.start(nothing(), count);
    (void)rt.start(nothing(), count);
    REQUIRE(uv_run(&h.uv, UV_RUN_DEFAULT) == 0);
    REQUIRE(ended == 2 * i);
    REQUIRE(uv_run(&h.uv, UV_RUN_DEFAULT) == 0); // a runtime with nothing to do keeps nobody
  }
}

TEST_CASE("the host stops its loop early, runs it again, and closes it") {
  png_directory d;
  for (int i = 0; i < 4; ++i) {
    d.png(32, 32);
  }
  host h;
  weir::runtime_options o;
  o.workers = 1;
  o.loop = weir::on(&h.uv);
  o.engine = GENERATE(weir::engine_choice::automatic, weir::engine_choice::blocking);
  auto rt = std::make_unique<weir::runtime>(o);
  std::atomic<int> batches{0};
  (void)rt->start(streams(d.paths, batches));
  uv_timer_t early;
  uv_timer_init(&h.uv, &early);
  for (int i = 0; i < 5; ++i) {
    uv_timer_start(
        &early, [](uv_timer_t* t) { uv_stop(t->loop); }, 3, 0);
    uv_run(&h.uv, UV_RUN_DEFAULT);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&early), nullptr);
  bool closed = false;
  rt->close([&] {
    closed = true;
    rt.reset(); // legal here: everything has been given back
  });
  uv_run(&h.uv, UV_RUN_DEFAULT);
  REQUIRE(closed);
  REQUIRE(rt == nullptr);
}

TEST_CASE("on a loop of its own, the callback of close() may destroy the runtime") {
  auto rt = std::make_unique<weir::runtime>(weir::runtime_options{.workers = 1});
  (void)rt->start(parks());
  (void)rt->run(nothing());
  rt->close([&] { rt.reset(); });
  REQUIRE(rt == nullptr);
}

TEST_CASE("a runtime that could not be made on a host's loop leaves nothing there") {
  host h;
  weir::runtime_options o;
  o.loop = weir::on(&h.uv);
  o.workers = -1;
  REQUIRE_THROWS_AS(weir::runtime(o), std::invalid_argument);
  uv_run(&h.uv, UV_RUN_DEFAULT);
}

TEST_CASE("child: destroys its runtime inside a callback", "[.][inside]") {
  auto rt = std::make_unique<weir::runtime>(weir::runtime_options{.workers = 1, .on_fatal = &exits_with_42});
  (void)rt->start(nothing(), [&](weir::outcome<>) { rt.reset(); });
  rt->run();
}

TEST_CASE("child: destroys its runtime inside a task", "[.][inside]") {
  auto rt = std::make_unique<weir::runtime>(weir::runtime_options{.workers = 1, .on_fatal = &exits_with_42});
  auto destroys = [&]() -> weir::task<> {
    rt.reset();
    co_return;
  };
  (void)rt->run(destroys());
}

TEST_CASE("destroying a runtime from inside a task or callback of its own is fatal, with a message") {
  REQUIRE(in_a_process_of_its_own("child: destroys its runtime inside a callback", at_once) == 42);
  REQUIRE(in_a_process_of_its_own("child: destroys its runtime inside a task", at_once) == 42);
}
