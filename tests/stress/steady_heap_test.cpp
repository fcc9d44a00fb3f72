// In steady state nothing asks for memory: not the library on any of its threads, nor libpng, nor libdeflate.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "../unit/runtime/png_files.hpp"
#include "../unit/runtime/settings.hpp"
#include "heap_calls.hpp"

using namespace weir::test;
using namespace weir::literals;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t file_count = 120;
constexpr std::size_t passes = 12;

/// The delivered images, and heap_calls() when a pass had been.
struct progress {
  std::uint64_t images = 0;
  std::vector<std::uint64_t> calls = std::vector<std::uint64_t>(passes);

  void delivered(std::size_t more) noexcept {
    images += more;
    calls[(images - 1) / file_count] = heap_calls();
  }
  /// Of the passes after the first: those in which nothing asked for memory.
  [[nodiscard]] std::size_t still_passes() const {
    std::size_t n = 0;
    for (std::size_t i = 1; i < passes; ++i) {
      n += calls[i] == calls[i - 1] ? 1 : 0;
    }
    return n;
  }
};

struct stages {
  weir::shapes shapes = weir::shapes::same;
  weir::order order = weir::order::input;
  bool use_libpng = false;
};

/// In the first pass as much is in use at one time as ever may be: first the workers do something else, until all that may run
/// ahead of them does, then the consumer takes its time with each batch, so that all that may run ahead of it does.
constexpr auto held_up = 20ms;
constexpr auto taken_time = 2ms;

weir::task<> hold_worker() {
  auto sleep = [] { std::this_thread::sleep_for(held_up); };
  co_await weir::on_worker(sleep);
}

weir::task<> stream(const std::vector<std::string>& paths, stages s, progress& p) {
  auto batches = weir::files(paths) | weir::repeat(passes) | weir::read({.in_flight = 16, .order = s.order}) |
                 weir::decode_png({.channels = 3, .use_libpng = s.use_libpng}, s.order, 24) | weir::on_error(weir::skip_bad{}) |
                 weir::batched(8, {.shapes = s.shapes}) | weir::prefetch(2);
  auto take = [&](weir::image_batch b) -> weir::task<> {
    if (p.images < file_count) {
      co_await weir::sleep_for(taken_time);
    }
    p.delivered(b.size());
  };
  co_await std::move(batches).for_each(take);
}

/// More can be in use at a time than in the first pass all the same, if the machine is busy: then what is kept for it grows, by
/// as much again. That may happen in a few passes; what an image, a batch or a pass asks for, it asks for in each.
void check_still(setting where, const std::vector<std::string>& paths, stages s) {
  progress p;
  place at(where, {.workers = 2, .memory = 64_MiB});
  auto all = [&]() -> weir::task<> { co_await weir::when_all(hold_worker(), hold_worker(), stream(paths, s, p)); };
  weir::task<> work = all();
  REQUIRE(at.rt->run(std::move(work)).done());
  REQUIRE(p.images == file_count * passes);
  CAPTURE(p.calls);
  CHECK(p.still_passes() >= passes - 1 - 4);
}

} // namespace

TEST_CASE("what asks for memory is counted, in operator new and in the C library") {
  const std::uint64_t before = heap_calls();
  delete new std::string(100, 'x');
  CHECK(heap_calls() == before + 2);
  std::free(::realpath("/", nullptr));
  CHECK(heap_calls() > before + 2);
}

TEST_CASE("from the second pass on, images of one shape are read, decoded and batched without asking for memory") {
  png_directory d;
  for (std::size_t i = 0; i < file_count; ++i) {
    d.png(48, 40);
  }
  const setting where = GENERATE(from_settings());
  const weir::order order = GENERATE(weir::order::input, weir::order::completion);
  const bool use_libpng = GENERATE(false, true);
  const weir::shapes shapes = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  CAPTURE(name_of(where), static_cast<int>(order), use_libpng, static_cast<int>(shapes));
  check_still(where, d.paths, {shapes, order, use_libpng});
}

TEST_CASE("from the second pass on, images of several shapes, in files of up to several segments, ask for no memory") {
  png_directory d;
  for (std::size_t i = 0; i < file_count; ++i) {
    i % 3 == 0 ? d.png(48, 40) : i % 3 == 1 ? d.png(160, 150) : d.png(20, 300);
  }
  const setting where = GENERATE(from_settings());
  const weir::order order = GENERATE(weir::order::input, weir::order::completion);
  const weir::shapes shapes = GENERATE(weir::shapes::ragged, weir::shapes::grouped);
  CAPTURE(name_of(where), static_cast<int>(order), static_cast<int>(shapes));
  check_still(where, d.paths, {shapes, order, false});
}
