// Audit, metrics, and memory that the user supplies.
#include "settings.hpp"

#include <numeric>

#include "../memory/test_resource.hpp"
#include "png_files.hpp"

using namespace weir::literals;
using namespace weir::test;

namespace {

struct counts {
  std::uint64_t images = 0;
  std::uint64_t errors = 0;
};

weir::task<> streams(const std::vector<std::string>& paths, std::size_t batch, weir::shapes shapes, counts& seen) {
  auto note = [&](const weir::item_info&, const std::exception_ptr&) { ++seen.errors; };
  auto images = weir::files(paths) | weir::read() | weir::decode_png({.channels = 3}) | weir::on_error(weir::skip_bad{}, note) |
                weir::batched(batch, {.shapes = shapes});
  auto take = [&](const weir::image_batch& b) { seen.images += b.size(); };
  co_await std::move(images).for_each(take);
}

} // namespace

TEST_CASE("metrics say what was read and decoded, and stay within the budget") {
  png_directory d;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 50; ++i) {
    bytes += std::filesystem::file_size(d.png(60, 40));
  }
  place p(GENERATE(from_settings()), {.memory = 1_MiB});
  counts seen;
  REQUIRE(p.rt->run(streams(d.paths, 8, weir::shapes::same, seen)).done());
  REQUIRE(seen.images == 50);
  const weir::metrics_report m = p.rt->metrics();
  REQUIRE(m.bytes_read == bytes);
  REQUIRE(m.files_read == 50);
  REQUIRE(m.images_decoded == 50);
  REQUIRE(m.copies == 0);
  REQUIRE(m.memory_budget == 1_MiB);
  REQUIRE(m.memory_in_use == 0);
  REQUIRE(m.memory_high_water >= 8U * 60 * 40 * 3);
  REQUIRE(m.memory_high_water <= 1_MiB);
  REQUIRE(m.file_memory_high_water > 0);
}

TEST_CASE("the audit names the threads, and lists apart what the user holds") {
  png_directory d;
  for (int i = 0; i < 6; ++i) {
    d.png(20, 20);
  }
  place p(GENERATE(from_settings()));
  REQUIRE(p.rt->workers() == 2);
  REQUIRE(p.rt->loop_name() == (p.h ? "uv" : "own"));
  REQUIRE((p.rt->engine_name() == "uring" || p.rt->engine_name() == "blocking"));
  const auto threads = p.rt->audit().threads;
  REQUIRE(threads.size() >= 2);
  REQUIRE(threads[0] == "weir-work-0");
  REQUIRE(threads[1] == "weir-work-1");

  std::vector<weir::image_batch> held;
  auto hold = [&]() -> weir::task<> {
    auto images = weir::files(d.paths) | weir::read() | weir::decode_png({.channels = 3}) | weir::batched(3);
    auto take = [&](weir::image_batch b) { held.push_back(std::move(b)); };
    co_await std::move(images).for_each(take);
  };
  REQUIRE(p.rt->run(hold()).done());
  REQUIRE(nothing_left(p.rt->audit()));
  REQUIRE(p.rt->audit().held_by_user == 2);
  held.pop_back();
  REQUIRE(p.rt->audit().held_by_user == 1);
  p.rt.reset();
  REQUIRE(held[0][2].pixels().size() == 1200); // still there
}

TEST_CASE("pixels come from the user's memory resource, and the last batch may go after the runtime") {
  png_directory d;
  for (int i = 0; i < 12; ++i) {
    d.png(100, 50);
  }
  weir::memory::test_resource resource;
  {
    weir::image_batch last;
    {
      place p(GENERATE(from_settings()), {.memory = 1_MiB, .resource = &resource});
      auto keep_last = [&]() -> weir::task<> {
        auto images = weir::files(d.paths) | weir::read() | weir::decode_png({.channels = 3}) | weir::batched(4);
        auto take = [&](weir::image_batch b) { last = std::move(b); };
        co_await std::move(images).for_each(take);
      };
      REQUIRE(p.rt->run(keep_last()).done());
      REQUIRE(resource.bytes >= 4U * 100 * 50 * 3);
    }
    REQUIRE(resource.bytes >= last.tensor().bytes());
    const auto end = static_cast<std::byte*>(last.tensor().data) + last.tensor().bytes();
    REQUIRE(std::accumulate(last.tensor().data, end, 0U,
                            [](unsigned sum, std::byte b) { return sum + std::to_integer<unsigned>(b); }) > 0);
  }
  REQUIRE(resource.most_bytes <= 1_MiB);
  REQUIRE(resource.bytes == 0);
}

TEST_CASE("when the user's memory resource has no more, that is an item's or the run's error, and nothing is lost") {
  png_directory d;
  for (int i = 0; i < 12; ++i) {
    d.png(100, 50 + (i % 3));
  }
  const setting s = GENERATE(from_settings());
  const weir::shapes shapes = GENERATE(weir::shapes::ragged, weir::shapes::grouped, weir::shapes::same);
  for (int k = 0; k < 14; ++k) {
    weir::memory::test_resource resource;
    resource.fail_after = k;
    counts seen;
    {
      place p(s, {.memory = 1_MiB, .resource = &resource});
      const auto o = p.rt->run(streams(d.paths, 2, shapes, seen));
      CAPTURE(k, seen.images, seen.errors);
      CHECK((o.done() || o.failed()));
      if (o.done()) {
        CHECK(seen.images + seen.errors == 12);
      }
      CHECK(nothing_left(p.rt->audit()));
      CHECK(p.rt->audit().held_by_user == 0);
      resource.fail_after = -1; // and it is as good as new
      counts after;
      CHECK(p.rt->run(streams(d.paths, 2, weir::shapes::ragged, after)).done());
      CHECK(after.images == 12);
    }
    CHECK(resource.bytes == 0);
  }
}
