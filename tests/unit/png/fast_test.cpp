#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <new>
#include <span>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "../../sanitized.hpp"
#include "decoding.hpp"
#include "png/fast/decode_fast.hpp"
#include "png/kernels/kernels.hpp"

// The fast decoder against libpng: what it claims, and that its bytes are libpng's.

using namespace weir;
using namespace weir::png::testing;
using png::decoder_choice;
using png::ending;
using png::picture;

namespace {

// Empty if it claims the file and its pixels are libpng's.
std::string fast_difference(const bytes& file, const png_options& options, std::size_t step = memory::segment_bytes) {
  const verdict fast = decode_file(file, options, step, decoder_choice::fast);
  const verdict reference = decode_file(file, options, step);
  if (fast.overrun) {
    return "written outside of the destination";
  }
  if (fast.how != ending::ok) {
    return "not claimed";
  }
  if (reference.how != ending::ok || !reference.warning.empty()) {
    return "the reference says: " + reference.why.message + reference.warning;
  }
  return fast.pixels == reference.pixels ? "" : "pixels";
}

std::vector<png_options> all_options() {
  std::vector<png_options> all;
  for (int channels = 0; channels <= 4; ++channels) {
    for (const int bits : {8, 16}) {
      all.push_back({.channels = channels, .bits = bits});
    }
  }
  return all;
}

} // namespace

TEST_CASE("the fast decoder claims every kind of PNG of every small size, and gives libpng's bytes") {
  for (const auto kind : patterns::kinds) {
    for (const bool interlaced : {false, true}) {
      for (const bool transparent : {false, true}) {
        if (transparent && !patterns::may_have_transparency(kind)) {
          continue;
        }
        for (std::uint32_t width = 1; width <= 18; ++width) {
          const std::uint32_t height = 1 + (width * 7) % 11;
          picture p = patterns::make(kind, width, height, interlaced, width);
          p = transparent ? patterns::with_transparency(p) : p;
          const bytes file = encode(p);
          for (const png_options& options : all_options()) {
            INFO(patterns::name(kind) << (interlaced ? " interlaced" : "") << (transparent ? " tRNS " : " ") << width << " x "
                                      << height << " channels " << options.channels << " bits " << options.bits);
            REQUIRE(fast_difference(file, options, width == 9 ? 7 : memory::segment_bytes) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("whichever kernels the processor has, the bytes are libpng's, for every kind, filter, compression and chunk size") {
  patterns::noise random(7);
  for (const png::kernels::set* kernels : png::kernels::usable()) {
    if (kernels == nullptr) {
      continue;
    }
    for (const auto kind : patterns::kinds) {
      for (int round = 0; round < 6; ++round) {
        picture p = patterns::make(kind, 1 + random.next() % 400, 1 + random.next() % 60, round % 3 == 2, random.next());
        p.level = static_cast<int>(random.next() % 10);
        p.filters = round == 0 ? -1 : 8 << (random.next() % 5);
        p.idat_bytes = 1 + random.next() % 5000;
        const bytes file = encode(p);
        const png_options options{.channels = static_cast<int>(random.next() % 5), .bits = round % 2 == 0 ? 8 : 16};
        const verdict expected = decode_file(file, options);
        REQUIRE(expected.how == ending::ok);
        const chain input(file);
        const auto h = std::get<png::header>(png::parse_header(input.first(), options));
        std::vector<std::byte> arena(png::fast_scratch_bytes(h));
        png::scratch memory(arena);
        bytes pixels(expected.pixels.size());
        INFO(kernels->name << " " << patterns::name(kind) << " " << p.width << " x " << p.height << " level " << p.level
                           << " filters " << p.filters << " channels " << options.channels << " bits " << options.bits);
        const png::fast_result got =
            png::decode_fast(input.first(), h, options, std::as_writable_bytes(std::span(pixels)), memory, {}, *kernels);
        REQUIRE(got.how == ending::ok);
        REQUIRE(pixels == expected.pixels);
        REQUIRE(memory.heap_peak() == 0);
      }
    }
  }
}

TEST_CASE("rows that wait for others to be made with them are not lost, however wide they are and whatever is made of them") {
  patterns::noise random(11);
  const int paeth = 0x80;
  for (const auto kind : {patterns::kind{0, 8}, patterns::kind{2, 8}, patterns::kind{4, 8}, patterns::kind{6, 16}}) {
    for (const std::uint32_t width : {1000U, 3000U, 4096U, 5500U, 9000U, 30'000U}) {
      for (const bool interlaced : {false, true}) {
        picture p = patterns::make(kind, width, 21, interlaced, width);
        for (std::uint8_t& sample : p.samples) {
          sample = static_cast<std::uint8_t>(random.next());
        }
        p.filters = paeth;
        p.level = 1;
        const bytes file = encode(p);
        for (const int channels : {0, 1, 4}) {
          INFO(patterns::name(kind) << (interlaced ? " interlaced " : " ") << width << " wide, channels " << channels);
          REQUIRE(fast_difference(file, {.channels = channels}) == "");
        }
      }
    }
  }
}

TEST_CASE("the fast decoder writes at most 64 KiB more once a stop has been asked for") {
  // The flag lies in the output itself: a pixel of ones sets it.
  picture p = patterns::make({0, 8}, 1024, 1024);
  std::fill(p.samples.begin(), p.samples.end(), std::uint8_t{1});
  const bytes file = encode(p);
  const chain input(file);
  const auto h = std::get<png::header>(png::parse_header(input.first(), {}));
  for (const std::size_t at : {std::size_t{0}, std::size_t{5000}, std::size_t{500'000}}) {
    std::vector<std::byte> room(p.samples.size());
    auto* const flag = new (room.data() + at) std::atomic<bool>(false);
    png::scratch memory(worker_scratch());
    const png::fast_result got = png::decode_fast(input.first(), h, {}, std::span(room), memory, stop_flag(flag));
    CHECK(got.how == ending::stopped);
    const auto written = static_cast<std::size_t>(std::count(room.begin(), room.end(), std::byte{1}));
    CHECK(written > at);
    CHECK(written <= at + 64 * 1024);
  }
}

// Memory whose first use is a read is mapped twice, and all threads are told.
TEST_CASE("each page that pixels go to is mapped once: it is written before it is read") {
  if (sanitized) {
    return; // maps more
  }
  for (const auto kind : {patterns::kind{0, 8}, patterns::kind{2, 8}, patterns::kind{6, 8}, patterns::kind{6, 16}}) {
    picture p = patterns::make(kind, 1024, 1024);
    for (const int filters : {0x08, 0x10, 0x20, 0x40, 0x80, 0xF8}) {
      p.filters = filters;
      const bytes file = encode(p);
      const chain input(file);
      const auto h = std::get<png::header>(png::parse_header(input.first(), {.bits = kind.bit_depth}));
      const png_options options{.bits = kind.bit_depth};
      const std::size_t size = png::output_shape(h, options).bytes();
      for (const png::kernels::set* kernels : png::kernels::usable()) {
        if (kernels == nullptr) {
          continue;
        }
        void* const room = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(room != MAP_FAILED);
        png::scratch memory(worker_scratch());
        rusage before{};
        rusage after{};
        getrusage(RUSAGE_THREAD, &before);
        const std::span to(static_cast<std::byte*>(room), size);
        const png::fast_result got = png::decode_fast(input.first(), h, options, to, memory, {}, *kernels);
        getrusage(RUSAGE_THREAD, &after);
        munmap(room, size);
        INFO(patterns::name(kind) << ", filters " << filters << ", " << kernels->name);
        CHECK(got.how == ending::ok);
        CHECK(after.ru_minflt - before.ru_minflt <= static_cast<long>(size / 4096 + 100));
      }
    }
  }
}

TEST_CASE("a file with a profile that libpng warns of is decoded fast, and has libpng's warning") {
  const bytes file = chunks::insert_after(encode(patterns::make({2, 8}, 20, 20)), "IHDR",
                                          chunks::make("iCCP", chunks::text(std::string("name\0\0nonsense", 14))));
  const verdict reference = decode_file(file, {.channels = 3});
  const verdict fast = decode_file(file, {.channels = 3}, 64, decoder_choice::fast);
  REQUIRE(reference.how == ending::ok);
  CHECK_FALSE(reference.warning.empty());
  CHECK(fast.how == ending::ok);
  CHECK(fast.warning == reference.warning);
  CHECK(fast.pixels == reference.pixels);
  CHECK(difference(file, {.channels = 1}) == "");
}

TEST_CASE("texts before and behind the pixels count together, as they do for libpng, which warns of too many") {
  bytes file = encode(patterns::make({2, 8}, 20, 20));
  for (int i = 0; i < 960; ++i) {
    file = chunks::insert_after(file, "IHDR", chunks::make("zTXt", chunks::text(std::string("k\0\0x\x9c\x03\0\0\0\0\1", 11))));
  }
  for (int i = 0; i < 60; ++i) {
    file = chunks::insert_before(file, "IEND", chunks::make("tEXt", chunks::text(std::string("k\0v", 3))));
  }
  const verdict reference = decode_file(file, {.channels = 3});
  const verdict automatic = decode_file(file, {.channels = 3}, 64, decoder_choice::automatic);
  CHECK_FALSE(reference.warning.empty());
  CHECK(automatic.warning == reference.warning);
}

TEST_CASE("what a PNG may not be, and what libpng warns of, is not claimed") {
  const bytes file = encode(patterns::make({3, 4}, 20, 20));
  const auto claimed = [](const bytes& f) {
    return decode_file(f, {.channels = 3}, 64, decoder_choice::fast).how == ending::ok;
  };
  REQUIRE(claimed(file));
  CHECK_FALSE(claimed(chunks::break_adler(file)));
  for (const char* name : {"PLTE", "IDAT", "IEND"}) {
    CHECK_FALSE(claimed(chunks::break_crc(file, name)));
    CHECK_FALSE(claimed(chunks::erase(file, name)));
  }
  CHECK_FALSE(claimed(chunks::insert_before(file, "IDAT", chunks::make("gAMA", {0, 0, 0, 1}))));
  CHECK_FALSE(claimed(chunks::insert_before(file, "PLTE", chunks::make("tRNS", {1}))));
  CHECK_FALSE(claimed(chunks::insert_before(file, "IEND", chunks::make("tRNS", {1}))));
  CHECK_FALSE(claimed(chunks::insert_before(file, "IDAT", chunks::make("ABCD", {1}))));
  CHECK_FALSE(claimed(chunks::insert_before(file, "IEND", chunks::make("IDAT", {1}))));
  CHECK(claimed(chunks::insert_before(file, "IDAT", chunks::make("abCd", {1}))));
  CHECK(claimed(chunks::insert_before(file, "IDAT", chunks::make("IDAT", {}))));
}

TEST_CASE("transparency of a palette is found without libpng where the chunks leave no doubt, and only there") {
  const bytes plain = encode(patterns::make({3, 8}, 10, 10));
  const bytes transparent = encode(patterns::with_transparency(patterns::make({3, 8}, 10, 10)));
  const auto found = [](const bytes& file) {
    const chain input(file);
    return png::find_transparency(input.first(), std::get<png::header>(png::parse_header(input.first(), {})));
  };
  CHECK(found(plain) == std::optional(false));
  CHECK(found(transparent) == std::optional(true));
  CHECK(found(chunks::insert_before(transparent, "IDAT", chunks::make("zTXt", chunks::text("any")))) == std::optional(true));
  CHECK(found(chunks::break_crc(transparent, "tRNS")) == std::nullopt); // libpng passes over it
  CHECK(found(chunks::insert_before(chunks::erase(transparent, "tRNS"), "PLTE", chunks::make("tRNS", {1}))) == std::nullopt);
  CHECK(found(chunks::insert_before(plain, "IDAT", chunks::make("tRNS", bytes(257)))) == std::nullopt);
  CHECK(found(chunks::insert_before(transparent, "IDAT", chunks::make("tRNS", {1}))) == std::nullopt);
  CHECK(found(chunks::cut(transparent, chunks::find(transparent, "tRNS").end() - 1)) == std::nullopt);
}
