#include <catch2/catch.hpp>

#include <atomic>
#include <ctime>
#include <new>

#include <zlib.h>

#include "../../src/png/decode.hpp"
#include "../../src/png/reference.hpp"
#include "chain.hpp"
#include "chunks.hpp"
#include "patterns.hpp"
#include "png_writer.hpp"

// What a small file may cost that says it is large, or becomes large where it is inflated: memory as the limits say, and time
// that goes with the file's own size. Times are those of this thread, and are held against work that was really done here.

using namespace weir;
using chunks::bytes;
using png::decoder_choice;
using png::ending;

namespace {

struct cost {
  ending how = ending::failed;
  std::size_t heap = 0; // bytes beyond the scratch that the header asks for, at most
  double seconds = 0;
};

double now() {
  std::timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Of the whole way, in the best of a few runs.
cost cost_of(const bytes& file, decoder_choice which, const png_options& options = {.channels = 3}) {
  const conformance::chain input(file);
  cost best;
  best.seconds = 1e9;
  for (int run = 0; run < 2; ++run) {
    const double start = now();
    const auto parsed = png::parse_header(input.first(), options);
    REQUIRE(std::holds_alternative<png::header>(parsed));
    const png::header h = std::get<png::header>(parsed);
    std::vector<std::byte> arena(png::scratch_bytes(h, options));
    std::vector<std::byte> rows(png::output_shape(h, options).bytes());
    png::scratch memory(arena);
    best.how = png::decode(input.first(), h, options, std::span(rows), memory, {}, which).how;
    best.heap = std::max(best.heap, memory.heap_peak());
    best.seconds = std::min(best.seconds, now() - start);
  }
  return best;
}

// How long zlib takes to inflate as much, to nowhere.
double seconds_to_inflate(bytes stream) {
  z_stream z{};
  REQUIRE(inflateInit(&z) == Z_OK);
  bytes to(64 * 1024);
  const double start = now();
  z.next_in = stream.data();
  z.avail_in = static_cast<uInt>(stream.size());
  do {
    z.next_out = to.data();
    z.avail_out = static_cast<uInt>(to.size());
  } while (inflate(&z, Z_NO_FLUSH) == Z_OK);
  inflateEnd(&z);
  return now() - start;
}

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t bomb = 24 * mib;
constexpr decoder_choice both[] = {decoder_choice::reference, decoder_choice::automatic};

bytes zeros_deflated(std::size_t n) { return forge::deflated(bytes(n), forge::zlib_manner{.level = 9}); }

bytes plain() { return encode(patterns::make({2, 8}, 4, 4)); }

bytes with_stream(const bytes& file, const bytes& stream) {
  forge::dice d(1);
  return chunks::insert_before(chunks::erase(file, "IDAT"), "IEND", forge::idat_chunks(stream, forge::cutting::large, d));
}

bytes repeated(const bytes& chunk, std::size_t times) {
  bytes all;
  for (std::size_t i = 0; i < times; ++i) {
    all.insert(all.end(), chunk.begin(), chunk.end());
  }
  return chunks::insert_before(plain(), "IDAT", all);
}

bytes compressed_text(std::string_view name, std::string_view front, std::size_t size) {
  bytes data = chunks::text(front);
  const bytes stream = zeros_deflated(size);
  data.insert(data.end(), stream.begin(), stream.end());
  return chunks::make(name, data);
}

} // namespace

TEST_CASE("a file of 60 bytes that asks for gigabytes is refused by its header, by any limit that it breaks") {
  const bytes file = chunks::cut(chunks::resized(encode(patterns::make({6, 16}, 1, 1)), 23'000, 23'000), 60); // 4.2 GB
  const conformance::chain input(file);
  const auto refused = [&input](const png_options& options) {
    const auto parsed = png::parse_header(input.first(), options);
    const auto* why = std::get_if<png::failure>(&parsed);
    return why != nullptr && why->where == stage::header && why->message.find("above the limit") != std::string::npos;
  };
  CHECK_FALSE(refused({.channels = 4, .bits = 16}));
  CHECK(refused({.channels = 4, .bits = 16, .max_pixels = 23'000 * 23'000 - 1}));
  CHECK(refused({.channels = 4, .bits = 16, .max_bytes = std::uint64_t{23'000} * 23'000 * 8 - 1}));
}

TEST_CASE("the scratch of any size of image goes with its columns alone") {
  const png::header wide{1'000'000, 500, 16, 6, true};
  const png::header tall{8, 1'000'000, 16, 6, true};
  CHECK(png::scratch_bytes(wide, {.channels = 4, .bits = 16}) <= 20 * mib);
  CHECK(png::scratch_bytes(tall, {.channels = 4, .bits = 16}) <= mib / 4);
}

TEST_CASE("a file that ends behind a header of a million columns costs no memory but what the header asks for") {
  const bytes file = chunks::cut(chunks::resized(encode(patterns::make({6, 16}, 1, 1)), 1'000'000, 1), 60);
  for (const decoder_choice which : both) {
    const cost c = cost_of(file, which);
    CHECK(c.how == ending::failed);
    CHECK(c.heap == 0);
  }
}

// libpng inflates all that follows the last row, to see how the stream ends: nothing of it is kept, and each read of the input
// looks at the stop flag.
TEST_CASE(
    "pixels that inflate to half a million times the image cost no memory, and the time that it takes to inflate them once") {
  const bytes stream = zeros_deflated(bomb);
  const double inflated = seconds_to_inflate(stream);
  for (const decoder_choice which : both) {
    const cost c = cost_of(with_stream(plain(), stream), which);
    CHECK(c.how == ending::ok);
    CHECK(c.heap == 0);
    CHECK(c.seconds < 4 * inflated);
  }
}

TEST_CASE("a stop that comes with the last row is seen before what follows it has been inflated") {
  png::picture ones;
  ones.width = 16;
  ones.height = 16;
  ones.samples.assign(256, 1);
  forge::dice d(1);
  bytes raw = forge::scanlines(ones, forge::filtering::none, d);
  raw.resize(8 * bomb); // libpng inflates some MiB between two reads of the input
  const bytes stream = forge::deflated(raw, forge::zlib_manner{.level = 9});
  const double inflated = seconds_to_inflate(stream);
  const bytes file = with_stream(encode(ones), stream);
  const conformance::chain input(file);
  const png::header h = std::get<png::header>(png::parse_header(input.first(), {}));
  for (const decoder_choice which : both) {
    std::vector<std::byte> arena(png::scratch_bytes(h, {}));
    std::vector<std::byte> rows(256);
    png::scratch memory(arena);
    const double start = now();
    // The decode writes a 1 there.
    const stop_flag stop(new (rows.data() + 250) std::atomic<bool>(false));
    CHECK(png::decode(input.first(), h, {}, std::span(rows), memory, stop, which).how == ending::stopped);
    CHECK(now() - start < inflated / 4);
  }
}

TEST_CASE("texts and profiles that inflate to much more than they are, many of them, stay within the scratch's limit") {
  for (const auto& chunk : {compressed_text("zTXt", std::string_view("key\0\0", 5), 7 * mib),
                            compressed_text("iTXt", std::string_view("key\0\1\0\0\0", 8), 7 * mib),
                            compressed_text("zTXt", std::string_view("key\0\0", 5), bomb),
                            compressed_text("iCCP", std::string_view("key\0\0", 5), bomb)}) {
    for (const decoder_choice which : both) {
      const cost c = cost_of(repeated(chunk, 4), which);
      CHECK(c.how == ending::ok);
      CHECK(c.heap <= png::scratch::default_heap_limit + 64 * png::scratch::small_block);
    }
  }
}

TEST_CASE("a text that inflates to more than libpng's 8 MB is given up there") {
  const bytes stream = zeros_deflated(bomb);
  const double inflated = seconds_to_inflate(stream);
  for (const decoder_choice which : both) {
    const cost c = cost_of(repeated(compressed_text("zTXt", std::string_view("key\0\0", 5), bomb), 1), which);
    CHECK(c.how == ending::ok);
    CHECK(c.seconds < inflated);
  }
}

TEST_CASE("a hundred thousand ancillary chunks cost memory for a thousand, and eight times the time of an eighth of them") {
  const bytes text = chunks::make("tEXt", chunks::text(std::string_view("k\0v", 3)));
  const bytes palette = chunks::make("sPLT", {'p', 0, 8, 1, 2, 3, 4, 5, 6});
  const bytes unknown = chunks::make("unKn", {1, 2, 3});
  for (const bytes& chunk : {text, palette, unknown}) {
    for (const decoder_choice which : both) {
      const cost few = cost_of(repeated(chunk, 12'500), which);
      const cost many = cost_of(repeated(chunk, 100'000), which);
      CHECK(many.how == ending::ok);
      CHECK(many.heap <= mib);
      CHECK(many.seconds < 8 * 4 * few.seconds);
    }
  }
}
