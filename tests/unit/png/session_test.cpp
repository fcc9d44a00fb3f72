#include <catch2/catch.hpp>

#include <atomic>
#include <new>
#include <thread>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"
#include "png/session.hpp"

// A stop inside a decode. To stop at a known byte without a second thread, the flag is put where the decode itself writes: all
// samples of these files are 1, so the flag is set by the write of the byte that it lies on.

using namespace weir;
using namespace weir::png::testing;
using png::ending;
using png::header;

namespace {

// Samples of 1 only, unfiltered, so that rows hold 1 also inside of libpng (but for the filter's byte, 0).
png::picture ones(std::uint32_t width, std::uint32_t height) {
  png::picture p;
  p.width = width;
  p.height = height;
  p.samples.assign(std::size_t{width} * height, 1);
  p.filters = 0x08; // PNG_FILTER_NONE
  return p;
}

constexpr std::byte one{1};

std::atomic<bool>* flag_at(std::byte* where) { return new (where) std::atomic<bool>(false); }

struct stopped_run {
  std::vector<std::byte> room;
  std::vector<std::byte> arena;
  png::decoded result;

  // With `where` in room or arena, or null for no stop.
  void decode(const bytes& file, std::byte* where, const png_options& options = {}) {
    std::fill(room.begin(), room.end(), std::byte{0});
    std::fill(arena.begin(), arena.end(), std::byte{0});
    const chain input(file);
    const auto h = std::get<header>(png::parse_header(input.first(), {}));
    png::scratch memory(arena);
    result = png::decode_reference(input.first(), h, options, std::span(room), memory,
                                   where != nullptr ? stop_flag(flag_at(where)) : stop_flag());
    CHECK(memory.heap_used() == 0);
  }
};

// The longest run of ones: a buffer inside of libpng.
std::span<std::byte> longest_ones(std::span<std::byte> in) {
  std::span<std::byte> longest;
  for (auto at = in.begin(); at != in.end();) {
    at = std::find(at, in.end(), one);
    const auto end = std::find_if(at, in.end(), [](std::byte b) { return b != one; });
    if (static_cast<std::size_t>(end - at) > longest.size()) {
      longest = {at, end};
    }
    at = end;
  }
  return longest;
}

std::size_t ones_in(std::span<const std::byte> s) { return static_cast<std::size_t>(std::count(s.begin(), s.end(), one)); }

} // namespace

TEST_CASE("a stop that was asked for before the decode writes nothing, and takes nothing of the input") {
  const bytes file = encode(ones(10, 10));
  const std::atomic<bool> stop{true};
  const chain input(file);
  const auto h = std::get<header>(png::parse_header(input.first(), {}));
  std::vector<std::byte> room(100);
  png::scratch memory(worker_scratch());
  CHECK(png::decode_reference(input.first(), h, {}, std::span(room), memory, stop_flag(&stop)).how == ending::stopped);
  CHECK(png::decode_reference(input.first(), h, {}, std::span(room), memory, stop_flag(nullptr, &stop)).how == ending::stopped);
  CHECK(png::probe(input.first(), h, {}, memory, stop_flag(&stop)).how == ending::stopped);
  CHECK(ones_in(room) == 0);
  CHECK(memory.heap_used() == 0);
}

TEST_CASE("a stop in the middle of an image ends it before the next row") {
  stopped_run run{std::vector<std::byte>(100 * 100), std::vector<std::byte>(1 << 18), {}};
  const bytes file = encode(ones(100, 100));
  for (const std::size_t row : {0U, 1U, 50U, 98U}) {
    run.decode(file, run.room.data() + row * 100 + 17);
    CHECK(run.result.how == ending::stopped);
    CHECK(ones_in(run.room) == (row + 1) * 100);
  }
}

TEST_CASE("a stop while the last row is written still counts: what follows the pixels is not read") {
  stopped_run run{std::vector<std::byte>(100 * 100), std::vector<std::byte>(1 << 18), {}};
  run.decode(encode(ones(100, 100)), run.room.data() + 99 * 100);
  CHECK(run.result.how == ending::stopped);
}

TEST_CASE("a stop in the middle of an interlaced image ends it before the next row of the pass") {
  stopped_run run{std::vector<std::byte>(64 * 64), std::vector<std::byte>(1 << 18), {}};
  png::picture p = ones(64, 64);
  p.interlaced = true;
  run.decode(encode(p), run.room.data() + 8 * 64); // the second row of the first pass
  CHECK(run.result.how == ending::stopped);
  CHECK(ones_in(run.room) == 16);
}

TEST_CASE("within a row of a million columns a stop takes effect before another 64 KiB are inflated") {
  stopped_run run{std::vector<std::byte>(1'000'000), std::vector<std::byte>(std::size_t{12} << 20), {}};
  const bytes file = encode(ones(1'000'000, 1));
  run.decode(file, nullptr);
  REQUIRE(run.result.how == ending::ok);
  const std::span<std::byte> row = longest_ones(run.arena);
  REQUIRE(row.size() >= 1'000'000);
  for (const std::size_t at : {0U, 100'000U, 500'000U, 900'000U}) {
    run.decode(file, row.data() + at);
    CHECK(run.result.how == ending::stopped);
    CHECK(ones_in(row) > at);
    CHECK(ones_in(row) <= at + 64 * 1024);
    CHECK(ones_in(run.room) == 0);
  }
}

TEST_CASE("within a chunk of megabytes a stop takes effect before another 64 KiB are read") {
  stopped_run run{std::vector<std::byte>(100), std::vector<std::byte>(std::size_t{12} << 20), {}};
  bytes text(3'000'000, 1);
  text.at(5) = 0;
  for (const char* before : {"IDAT", "IEND"}) {
    const bytes file = chunks::insert_before(encode(ones(10, 10)), before, chunks::make("tEXt", text));
    run.decode(file, nullptr);
    REQUIRE(run.result.how == ending::ok);
    const std::span<std::byte> buffer = longest_ones(run.arena);
    REQUIRE(buffer.size() >= 2'999'990);
    run.decode(file, buffer.data() + 1'000'000);
    CHECK(run.result.how == ending::stopped);
    CHECK(ones_in(buffer) > 1'000'000);
    CHECK(ones_in(buffer) <= 1'000'000 + 64 * 1024);
  }
}

TEST_CASE("a stop from another thread at any time gives the image or stopped, never anything else") {
  const bytes file = encode(patterns::make({2, 8}, 200, 200));
  const bytes expected = decode_independently(file, {}).pixels;
  const chain input(file);
  const auto h = std::get<header>(png::parse_header(input.first(), {}));
  for (int round = 0; round < 50; ++round) {
    std::atomic<bool> stop{false};
    std::atomic<bool> begun{false};
    std::thread other([&] {
      while (!begun.load()) {
      }
      stop.store(true);
    });
    bytes room(expected.size());
    png::scratch memory(worker_scratch());
    begun.store(true);
    const auto d =
        png::decode_reference(input.first(), h, {}, std::as_writable_bytes(std::span(room)), memory, stop_flag(&stop));
    other.join();
    REQUIRE(d.how != ending::failed);
    REQUIRE((d.how == ending::stopped || room == expected));
  }
}

TEST_CASE("50,000 columns come out the same through reads of 63 bytes") {
  for (const bool interlaced : {false, true}) {
    const bytes file = encode(patterns::make({2, 8}, 50'000, 3, interlaced));
    CHECK(difference(file, {.channels = 4}, 1000) == "");
    CHECK(difference(chunks::break_adler(file), {.channels = 3}) == "");
    CHECK(difference(chunks::cut(file, file.size() / 2), {.channels = 3}) == "");
    CHECK(difference(chunks::resized(encode(patterns::make({2, 8}, 50'000, 4, interlaced)), 50'000, 3), {.channels = 3}) == "");
  }
}

TEST_CASE("widening a row in place multiplies each sample by 257, for every length") {
  for (std::size_t samples = 0; samples < 70; ++samples) {
    std::vector<std::byte> row(2 * samples + 1, std::byte{0xEE});
    for (std::size_t i = 0; i < samples; ++i) {
      row[i] = static_cast<std::byte>(i * 3 + 1);
    }
    png::widen_row(row.data(), samples);
    for (std::size_t i = 0; i < samples; ++i) {
      REQUIRE(row[2 * i] == static_cast<std::byte>(i * 3 + 1));
      REQUIRE(row[2 * i + 1] == static_cast<std::byte>(i * 3 + 1));
    }
    REQUIRE(row.back() == std::byte{0xEE});
  }
}
