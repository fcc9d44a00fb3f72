#include <catch2/catch.hpp>

#include <cstring>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"
#include "png/scratch.hpp"

using namespace weir;
using namespace weir::png::testing;
using png::scratch;

namespace {

bool aligned(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % scratch::alignment == 0; }

// The heap bytes at the peak of a decode with an arena of `size` bytes.
std::size_t heap_needed(const bytes& file, const png_options& options, std::size_t size) {
  const chain input(file);
  const auto h = std::get<png::header>(png::parse_header(input.first(), options));
  std::vector<std::byte> arena(size);
  std::vector<std::byte> room(png::output_shape(h, options, true).bytes());
  scratch memory(arena);
  CHECK(png::decode_reference(input.first(), h, options, std::span(room), memory, {}).how == png::ending::ok);
  CHECK(memory.arena_used() == 0);
  CHECK(memory.heap_used() == 0);
  return memory.heap_peak();
}

std::size_t needed(const bytes& file, const png_options& options) {
  const chain input(file);
  return png::reference_scratch_bytes(std::get<png::header>(png::parse_header(input.first(), options)), options);
}

} // namespace

TEST_CASE("an arena gives aligned blocks that don't overlap, from memory of any alignment") {
  std::vector<std::byte> memory(1000);
  for (std::size_t offset = 0; offset < 17; ++offset) {
    scratch s{std::span(memory).subspan(offset)};
    auto* a = static_cast<std::byte*>(s.allocate(1));
    auto* b = static_cast<std::byte*>(s.allocate(17));
    auto* c = static_cast<std::byte*>(s.allocate(0));
    CHECK((aligned(a) && aligned(b) && aligned(c)));
    CHECK(a >= memory.data() + offset);
    CHECK(b == a + 16);
    CHECK(c == b + 32);
    CHECK(s.heap_used() == 0);
  }
}

TEST_CASE("the newest block's room is used again, an older one's is not") {
  std::vector<std::byte> memory(1000);
  scratch s(memory);
  void* a = s.allocate(100);
  void* b = s.allocate(100);
  s.release(a);
  CHECK(s.arena_used() == 224);
  s.release(b);
  CHECK(s.arena_used() == 112);
  CHECK(s.allocate(100) == b);
  s.release(nullptr);
  s.reset();
  CHECK(s.arena_used() == 0);
  CHECK(s.allocate(5) == a);
}

TEST_CASE("what the arena can't hold comes from the heap, and goes back block by block or all at once") {
  std::vector<std::byte> memory(64);
  scratch s(memory);
  void* a = s.allocate(1000);
  void* b = s.allocate(2000);
  void* c = s.allocate(3000);
  std::memset(b, 1, 2000);
  CHECK((aligned(a) && aligned(b) && aligned(c)));
  CHECK(s.heap_used() == 6000);
  s.release(b);
  CHECK(s.heap_used() == 4000);
  s.release(c);
  s.release(a);
  CHECK(s.heap_used() == 0);
  CHECK(s.allocate(1000) != nullptr);
  CHECK(s.allocate(64) == memory.data());
  s.reset();
  CHECK(s.heap_used() == 0);
}

TEST_CASE("above the heap's limit large blocks are refused and small ones are not, until the limit is lifted") {
  scratch s({}, 100'000);
  CHECK(s.allocate(100'001) == nullptr);
  CHECK(s.allocate(90'000) != nullptr);
  CHECK(s.allocate(10'001) == nullptr);
  CHECK(s.allocate(10'000) != nullptr);
  CHECK(s.allocate(scratch::small_block) != nullptr);
  CHECK(s.allocate(scratch::small_block + 1) == nullptr);
  s.limit_heap(false);
  CHECK(s.allocate(1'000'000) != nullptr);
  CHECK(s.allocate(~std::size_t{0}) == nullptr);
  s.reset();
  CHECK(s.allocate(100'001) == nullptr);
}

TEST_CASE("with scratch_bytes of arena a decode without ancillary chunks takes nothing from the heap, whatever the kind") {
  for (const auto kind : patterns::kinds) {
    for (const std::uint32_t width : {1U, 32U, 517U, 5000U}) {
      for (const bool interlaced : {false, true}) {
        auto p = patterns::make(kind, width, 20, interlaced);
        if (kind.color_type == 3) {
          p = patterns::with_transparency(p);
        }
        p.gamma = 0.45; // which makes gray from color need tables
        const bytes file = encode(p);
        for (int channels = 0; channels <= 4; ++channels) {
          for (const int bits : {8, 16}) {
            const png_options options{.channels = channels, .bits = bits};
            INFO(patterns::name(kind) << " width " << width << " channels " << channels << " bits " << bits);
            REQUIRE(heap_needed(file, options, needed(file, options) - png::ancillary_room) == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("scratch_bytes is not much more than is used: a third less is too little") {
  const bytes rgb = encode(patterns::make({2, 8}, 517, 200));
  CHECK(needed(rgb, {.channels = 3}) < 72 * 1024);
  CHECK(heap_needed(rgb, {.channels = 3}, needed(rgb, {.channels = 3}) * 2 / 3) > 0);
  auto p = patterns::make({2, 16}, 517, 200);
  p.gamma = 0.45;
  const bytes tables = encode(p);
  const png_options gray{.channels = 1, .bits = 16};
  CHECK(heap_needed(tables, gray, needed(tables, gray) * 2 / 3) > 0);
}

TEST_CASE("a decode whose arena is too small gives the same pixels by way of the heap, and gives it all back") {
  const bytes file = encode(patterns::make({6, 16}, 50, 50));
  const bytes expected = decode_independently(file, {.channels = 4}).pixels;
  for (const std::size_t size : {0U, 1U, 100U, 2000U, 10000U, 40000U}) {
    std::vector<std::byte> arena(size);
    const chain input(file);
    const auto h = std::get<png::header>(png::parse_header(input.first(), {}));
    bytes room(expected.size());
    scratch memory(arena);
    const auto d =
        png::decode_reference(input.first(), h, {.channels = 4}, std::as_writable_bytes(std::span(room)), memory, {});
    CHECK(d.how == png::ending::ok);
    CHECK(d.warning.empty());
    CHECK(room == expected);
    CHECK(memory.heap_used() == 0);
  }
}

TEST_CASE("texts beyond the heap's limit are dropped with a warning, and the pixels are the same") {
  const bytes plain = encode(patterns::make({3, 8}, 50, 50));
  bytes text = chunks::text("Comment");
  text.push_back(0);
  text.resize(3'000'000, 'x');
  bytes file = plain;
  for (int i = 0; i < 12; ++i) {
    file = chunks::insert_before(file, i % 2 == 0 ? "PLTE" : "IEND", chunks::make("tEXt", text));
  }
  const verdict v = decode_file(file, {.channels = 0});
  CHECK(v.how == png::ending::ok);
  CHECK(v.warning.find("emory") != std::string::npos);
  CHECK(v.pixels == decode_independently(plain, {}).pixels);
}

TEST_CASE("texts that use up the heap's limit don't take from the rows what these need") {
  const bytes plain = encode(patterns::make({6, 16}, 400'000, 2)); // rows of 3.2 MB, in an arena of 1 MiB
  bytes text = chunks::text("Comment");
  text.push_back(0);
  text.resize(3'000'000, 'x');
  bytes file = plain;
  for (int i = 0; i < 6; ++i) {
    file = chunks::insert_before(file, "IDAT", chunks::make("tEXt", text));
  }
  const bytes got = decode_file(file, {.channels = 4}).pixels;
  CHECK((got == decode_independently(plain, {.channels = 4}).pixels));
}
