// The programs of the architecture page, as they stand there, on real files: what a user writes may not get longer.
#include <catch2/catch.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <uv.h>
#include <weir/weir.hpp>

#include "../unit/runtime/png_files.hpp"

using namespace std::chrono_literals;
using weir::test::png_directory;

namespace {

/// Stands in for a model: adds up what it is given, and takes its time.
struct some_model {
  std::vector<std::size_t> batches;
  std::size_t bytes = 0;
  weir::task<> infer(weir::tensor_view t) {
    co_await weir::yield();
    batches.push_back(t.count);
    bytes += t.bytes();
  }
};

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream from(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(from)), {});
  const auto* const data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

weir::task<weir::image> decode_request(weir::runtime& rt, std::span<const std::byte> body) {
  co_return co_await weir::with_deadline(20ms, weir::decode_png(rt, body, {.channels = 3})); // throws deadline_exceeded
}

weir::async_generator<weir::image> larger_than(weir::stream_of<weir::image> auto in, int side) {
  while (auto im = co_await in.next())
    if (im->width() >= side)
      co_yield std::move(*im);
}

} // namespace

TEST_CASE("a directory becomes batches") {
  png_directory d;
  for (int i = 0; i < 100; ++i) {
    d.png(24, 16);
  }
  d.file("not a PNG");
  const auto& paths = d.paths;
  some_model model;

  using namespace weir::literals;
  weir::runtime rt{{.workers = 4, .memory = 512_MiB}};
  auto images = weir::files(paths) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::skip_bad{.max_count = 100, .max_rate = 0.01}) | weir::batched(32) | weir::prefetch(2);
  auto outcome = rt.run(std::move(images).for_each([&](weir::image_batch b) -> weir::task<> {
    co_await model.infer(b.tensor()); // uint8 NHWC, one block, decoded in place
  }));

  REQUIRE(outcome.done());
  REQUIRE(model.batches == std::vector<std::size_t>{32, 32, 32, 4});
  REQUIRE(model.bytes == 100U * 24 * 16 * 3);
  REQUIRE(rt.metrics().copies == 0);
  const weir::audit_report left = rt.audit();
  REQUIRE(left.frames + left.leases + left.operations + left.jobs + left.held_by_user == 0);
}

TEST_CASE("a rate of bad files that is too high fails the run, with the file's name") {
  png_directory d;
  for (int i = 0; i < 150; ++i) {
    d.png(8, 8);
    if (i % 10 == 0) {
      d.file("not a PNG");
    }
  }
  weir::runtime rt{{.workers = 2}};
  auto images = weir::files(d.paths) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::skip_bad{.max_count = 100, .max_rate = 0.01}) | weir::batched(32);
  auto nothing = [](const weir::image_batch&) {};
  auto outcome = rt.run(std::move(images).for_each(nothing));
  REQUIRE(outcome.failed());
  REQUIRE_THROWS_AS(outcome.value(), weir::error);
  REQUIRE_THROWS_WITH(outcome.value(), Catch::Contains(".png: header: "));
}

TEST_CASE("a request in a server is bytes in, tensor out, with a deadline, and the client may leave at any time") {
  png_directory d;
  const std::vector<std::byte> body = bytes_of(d.png(30, 20));
  weir::runtime rt{{.workers = 1}};
  int answered = 0;
  auto on_done = [&](weir::outcome<weir::image> o) {
    ++answered;
    if (o.done()) {
      CHECK(o.value().shape() == weir::shape{20, 30, 3, 8});
    } else if (o.failed()) { // on a busy machine
      CHECK_THROWS_AS(o.value(), weir::deadline_exceeded);
    }
  };
  auto stop = rt.start(decode_request(rt, body), on_done);
  rt.run();
  REQUIRE(answered == 1);
  stop.request_stop(); // after the end
  stop = rt.start(decode_request(rt, body), on_done);
  stop.request_stop(); // the client has left
  rt.run();
  REQUIRE(answered == 2);
}

TEST_CASE("a request whose deadline passes while it waits for memory fails as that, and others go on") {
  png_directory d;
  const std::vector<std::byte> body = bytes_of(d.png(200, 200));
  weir::runtime rt{{.workers = 1, .memory = 200U * 200 * 3 + 256}};
  weir::image held;
  (void)rt.start(weir::decode_png(rt, body, {.channels = 3}), [&](weir::outcome<weir::image> o) { held = o.value(); });
  rt.run();
  auto late = rt.run(decode_request(rt, body));
  REQUIRE_THROWS_AS(late.value(), weir::deadline_exceeded);
  held = weir::image();
  auto with_time = [&]() -> weir::task<weir::image> { co_return co_await weir::decode_png(rt, body, {.channels = 3}); };
  REQUIRE(rt.run(with_time()).done());
}

TEST_CASE("a stage of one's own is a generator") {
  png_directory d;
  for (unsigned i = 0; i < 40; ++i) {
    d.png(10 + i, 10);
  }
  weir::runtime rt{{.workers = 2}};
  std::vector<int> widths;
  auto images = weir::files(d.paths) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::through([](auto in) { return larger_than(std::move(in), 40); }) |
                weir::batched(4, {.shapes = weir::shapes::ragged});
  auto note = [&](const weir::image_batch& b) {
    for (const weir::image& im : b) {
      widths.push_back(im.width());
    }
  };
  REQUIRE(rt.run(std::move(images).for_each(note)).done());
  REQUIRE(widths == std::vector<int>{40, 41, 42, 43, 44, 45, 46, 47, 48, 49});
}

TEST_CASE("structured concurrency by hand") {
  png_directory d;
  for (int i = 0; i < 600; ++i) {
    d.paths.push_back("path " + std::to_string(i));
  }
  const auto& paths = d.paths;
  std::size_t length = 0;
  std::size_t together = 0;
  std::size_t most = 0;
  auto fetch = [&](std::string p) -> weir::task<> {
    most = std::max(most, ++together);
    co_await weir::sleep_for(100us);
    --together;
    length += p.size();
  };
  auto program = [&]() -> weir::task<> {
    co_await weir::with_scope([&](weir::scope& s) -> weir::task<> {
      for (auto& p : paths)
        co_await s.spawn_when_room(fetch, p); // all have ended, in every case, when with_scope returns
    });
    REQUIRE(together == 0);
  };
  weir::runtime rt{{.workers = 1}};
  REQUIRE(rt.run(program()).done());
  REQUIRE(length == 10U * 6 + 90 * 7 + 500 * 8);
  REQUIRE(most == 256); // scope_options::room
}

TEST_CASE("a runtime runs in a host that already has a loop") {
  png_directory d;
  const std::vector<std::byte> body = bytes_of(d.png(30, 20));
  uv_loop_t loop;
  REQUIRE(uv_loop_init(&loop) == 0);
  uv_loop_t* const uv_loop = &loop;
  int done = 0;
  {
    weir::runtime rt{{.loop = weir::on(uv_loop)}}; // the coroutines run on the host's loop and never block it
    auto close_after = [&](weir::outcome<weir::image> o) {
      done += o.done() ? 1 : 0;
      if (done == 2) {
        rt.close([&] { uv_stop(uv_loop); }); // its handles need turns of the host's loop to go
      }
    };
    (void)rt.start(weir::decode_png(rt, body), close_after);
    (void)rt.start(weir::decode_png(rt, body), close_after);
    uv_run(uv_loop, UV_RUN_DEFAULT);
    REQUIRE(done == 2);
  }
  REQUIRE(uv_loop_close(uv_loop) == 0);
}
