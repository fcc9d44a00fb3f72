#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <variant>

#include "../conformance/chain.hpp"
#include "png/fast/decode_fast.hpp"
#include "told_case.hpp"

// The fast decoder on this processor, against what it and libpng made of the same files on another.

namespace {

using namespace weir;
using emulated::told_case;

struct made {
  bool claimed = false;
  emulated::bytes pixels;
  bool overrun = false;
};

made decode(const told_case& c, const png::kernels::set& kernels) {
  constexpr std::size_t guard = 128;
  constexpr std::byte mark{0xA5};
  made result;
  const conformance::chain input(c.file, c.how.segment);
  const auto h = std::get<png::header>(png::parse_header(input.first(), c.options()));
  const shape s = png::output_shape(h, c.options(), c.how.transparent != 0);
  std::vector<std::byte> room(guard + c.how.offset + s.bytes() + guard, mark);
  const std::span pixels = std::span(room).subspan(guard + c.how.offset, s.bytes());
  std::vector<std::byte> arena(png::fast_scratch_bytes(h));
  png::scratch memory(arena);
  result.claimed = png::decode_fast(input.first(), h, c.options(), pixels, memory, {}, kernels).how == png::ending::ok;
  if (result.claimed) {
    std::transform(pixels.begin(), pixels.end(), std::back_inserter(result.pixels),
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  }
  std::fill(pixels.begin(), pixels.end(), mark);
  result.overrun = std::any_of(room.begin(), room.end(), [](std::byte b) { return b != mark; });
  return result;
}

} // namespace

TEST_CASE("the fast decoder takes the files that it takes elsewhere, and gives libpng's pixels, whichever kernels it uses") {
  const char* const path = std::getenv("WEIR_TOLD_CASES");
  REQUIRE(path != nullptr);
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> from(std::fopen(path, "rb"));
  REQUIRE(from);
  int claimed = 0;
  int number = 0;
  for (auto c = emulated::read_case(from.get()); c; c = emulated::read_case(from.get()), ++number) {
    for (const png::kernels::set* kernels : png::kernels::usable()) {
      if (kernels == nullptr) {
        continue;
      }
      INFO("case " << number << ", " << kernels->name << ", channels " << c->how.channels << ", bits " << c->how.bits);
      const made here = decode(*c, *kernels);
      REQUIRE(here.claimed == (c->how.claimed != 0));
      const bool same = here.pixels == c->pixels; // or all of both would be printed
      REQUIRE(same);
      REQUIRE_FALSE(here.overrun);
    }
    claimed += c->how.claimed != 0 ? 1 : 0;
  }
  REQUIRE(claimed > number / 2);
}
