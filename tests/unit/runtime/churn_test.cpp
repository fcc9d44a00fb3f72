#include "settings.hpp"

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "../../sanitized.hpp"
#include "../io/test_files.hpp"
#include "png_files.hpp"

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

constexpr int rounds = weir::sanitized ? 25 : 250; // of each of the four settings

int mappings() {
  std::ifstream maps("/proc/self/maps");
  int lines = 0;
  for (std::string line; std::getline(maps, line);) {
    ++lines;
  }
  return lines;
}

/// In KiB.
[[maybe_unused]] long resident() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long pages = 0;
  statm >> size >> pages;
  return pages * 4;
}

/// One runtime's life: a pipeline over real files, stopped `after` so long, or at its natural end before that.
void life(setting s, const std::vector<std::string>& paths, std::chrono::microseconds after) {
  place p(s);
  const weir::stop_handle stop;
  auto stream = [&]() -> weir::task<> {
    auto images = weir::files(paths) | weir::repeat(0) | weir::read() | weir::decode_png({.channels = 3}) |
                  weir::on_error(weir::skip_bad{}) | weir::batched(4, {.shapes = weir::shapes::ragged}) | weir::prefetch(2);
    auto take = [](const weir::image_batch&) {};
    co_await std::move(images).for_each(take);
  };
  auto stops = [&]() -> weir::task<> {
    co_await weir::sleep_for(after);
    stop.request_stop();
  };
  (void)p.rt->start(stops());
  const auto o = p.rt->run(stream(), stop);
  REQUIRE(o.stopped());
  REQUIRE(nothing_left(p.rt->audit()));
  REQUIRE(p.rt->audit().held_by_user == 0);
}

} // namespace

TEST_CASE(
    "a thousand runtimes that are made, run, stopped and destroyed leave threads, descriptors, mappings and resident memory as "
    "they were") {
  png_directory d;
  for (unsigned i = 0; i < 12; ++i) {
    d.png(30 + i * 5, 40);
  }
  d.file("not a PNG");
  d.fifo();
  d.file("");
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  std::mt19937 random(7);
  std::uniform_int_distribution<int> moment(0, 3000);
  for (int i = 0; i < 25; ++i) { // libuv's pool, and what the C library keeps of threads and blocks, are there from then on
    life(s, d.paths, 3ms);
  }
  const int threads_before = threads();
  const int descriptors_before = descriptors();
  const int mappings_before = mappings();
  const long resident_before = resident();
  for (int i = 0; i < rounds; ++i) {
    life(s, d.paths, std::chrono::microseconds(moment(random)));
  }
  CHECK(becomes(threads_before, threads));
  CHECK(becomes(descriptors_before, descriptors));
  if (weir::sanitized) {
    return; // its runtime has mappings of its own
  }
  CHECK(becomes(0, [&] { return mappings() <= mappings_before + 2 ? 0 : mappings(); })); // malloc may grow an arena
  const long grown = resident() - resident_before;
  CAPTURE(grown);
  CHECK(grown < 2048); // KiB: 8 a runtime, which is less than anything that one is made of
}
