// What is quickly done doesn't wait for what takes long: on a worker, and for one.
#include "delivered.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <thread>
#include <vector>

#include <zlib.h>

#include "../../conformance/chunks.hpp"

using namespace weir::test;
using namespace weir::literals;

namespace chunks = weir::chunks;

namespace {

using bytes = std::vector<std::uint8_t>;

/// A small file that takes libpng a while: a text of 7.9 MB, compressed.
bytes with_long_text() {
  const bytes text(7'900'000, 'a');
  uLongf size = compressBound(text.size());
  bytes data = {'k', 0, 0};
  data.resize(data.size() + size);
  REQUIRE(compress2(data.data() + 3, &size, text.data(), text.size(), 9) == Z_OK);
  data.resize(3 + size);
  return chunks::insert_before(one_color(16, 16, {1, 2, 3}), "IDAT", chunks::make("zTXt", data));
}

bytes strange_chunks(int times) {
  const bytes one = chunks::make("abCd", {});
  bytes many;
  for (; times > 0; --times) {
    many.insert(many.end(), one.begin(), one.end());
  }
  return many;
}

weir::task<weir::image> request(weir::runtime& rt, std::span<const std::byte> body) {
  co_return co_await weir::decode_png(rt, body, {.channels = 3});
}

} // namespace

TEST_CASE("a small image's result doesn't wait for a decode that takes long") {
  const watchdog limit;
  const bytes small = one_color(16, 16, {4, 5, 6});
  const bytes lengthy = GENERATE(as<bytes>(), with_long_text(), one_color(6000, 4000, {1, 2, 3}));
  bool still_runs = false;
  for (int attempt = 0; attempt < 50 && !still_runs; ++attempt) { // on a busy machine the loop may be kept from going on
    weir::runtime rt{{.workers = 1}};
    int answers = 0;
    (void)rt.start(request(rt, std::as_bytes(std::span(small))), [&](const weir::outcome<weir::image>& o) {
      REQUIRE(o.done());
      still_runs = rt.audit().jobs == 1;
      ++answers;
    });
    (void)rt.start(request(rt, std::as_bytes(std::span(lengthy))), [&](const weir::outcome<weir::image>& o) {
      REQUIRE(o.done());
      ++answers;
    });
    rt.run();
    REQUIRE(answers == 2);
    require_nothing_alive(rt);
  }
  CHECK(still_runs);
}

TEST_CASE("an image's failure doesn't wait for others of its batch") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged);
  const picture_set set({{content::good, 580, 580}, {content::broken_late, 580, 580}, {content::good, 580, 580}});
  bool still_runs = false;
  for (int attempt = 0; attempt < 200 && !still_runs; ++attempt) {
    weir::runtime rt{{.workers = 1, .memory = 64_MiB}};
    auto look = [&](const weir::item_info&, const std::exception_ptr&) { still_runs = rt.audit().jobs > 0; };
    delivered got(set);
    REQUIRE(run_into(rt,
                     weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                         weir::on_error(weir::skip_bad{}, look) | weir::batched(3, {.shapes = how}),
                     got)
                .done());
    CHECK(got.indices() == std::vector<std::uint64_t>{0, 2});
  }
  CHECK(still_runs);
}

TEST_CASE("a header behind any number of chunks that nobody knows is found") {
  const watchdog limit;
  const bytes file = chunks::insert_before(one_color(16, 16, {4, 5, 6}), "IHDR", strange_chunks(100'000));
  weir::runtime rt{{.workers = 1}};
  auto got = rt.run(request(rt, std::as_bytes(std::span(file))));
  REQUIRE(got.done());
  CHECK(got.value().shape() == weir::shape{16, 16, 3, 8});
  const auto refused = rt.run(request(rt, std::as_bytes(std::span(file).first(8 + 12 * 50'000 + 6)))); // half a chunk is there
  REQUIRE(refused.failed());
  CHECK_THROWS_WITH(std::rethrow_exception(refused.error()),
                    Catch::Contains("request") && Catch::Contains("truncated before the header"));
}

TEST_CASE("what is no PNG file is refused while all workers are busy") {
  const watchdog limit;
  const bytes small = one_color(16, 16, {4, 5, 6});
  const std::array<bytes, 4> refused = {chunks::text("<html>This is no PNG file at all.</html>"),
                                        chunks::insert_before(small, "IHDR", chunks::make("CgBI", {1, 2, 3, 4})),
                                        chunks::insert_before(small, "IHDR", chunks::make("tEXt", {1, 2, 3, 4})),
                                        chunks::insert(chunks::text("\x89PNG\r\n\x1a\n...of no chunk"), 8, strange_chunks(15))};
  weir::runtime rt{{.workers = 1}};
  std::atomic<std::size_t> answers = 0;
  auto busy = [&]() -> weir::task<> {
    auto f = [&] {
      while (answers < refused.size()) { // else this hangs
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    };
    co_await weir::on_worker(f);
  };
  (void)rt.start(busy());
  for (const bytes& body : refused) {
    (void)rt.start(request(rt, std::as_bytes(std::span(body))), [&](const weir::outcome<weir::image>& o) {
      CHECK(o.failed());
      ++answers;
    });
  }
  rt.run();
  CHECK(answers == refused.size());
}
