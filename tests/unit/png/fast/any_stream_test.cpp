#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

#include "any_stream.hpp"
#include "inflating.hpp"
#include "png/kernels/kernels.hpp"
#include "sanitized.hpp"

// The inflater against zlib, on streams that are nothing but legal, and on some that are not even that.

using namespace weir::png::testing;
using weir::forge::any_stream;
using weir::forge::dice;
using weir::forge::make_any_stream;
namespace kernels = weir::png::kernels;

namespace {

constexpr std::uint64_t rounds = weir::sanitized ? 1500 : 4000;

// What the inflater may say: what zlib says, or that it refuses. A wrong checksum it leaves to others, but not a wrong end.
void compare(const bytes& stream, const inflated& expected, bool legal, dice& d) {
  const std::array<std::size_t, 4> pieces = {stream.size() + 1, d.between(1, 40), d.between(41, 3000), 16'384};
  const std::array<std::size_t, 4> steps = {16'384, d.between(1, 30), d.between(31, 700), 4096};
  const std::size_t piece = d.pick(pieces);
  const std::size_t step = d.pick(steps);
  const std::uint64_t told = d.one_in(3) ? 0 : 1 << 20;
  for (const bool avx2_bmi2 : {false, kernels::best().avx2_bmi2}) {
    INFO("pieces of " << piece << ", steps of " << step << ", told " << told << (avx2_bmi2 ? ", BMI2" : ""));
    const inflated got = by_steps(stream, piece, step, avx2_bmi2, told);
    const bool same = got.data == expected.data; // or all of both would be printed
    REQUIRE((got.taken || !legal));
    REQUIRE((expected.taken || !got.taken));
    REQUIRE((same || !got.ended));
    REQUIRE((got.consumed == expected.consumed || !got.ended));
  }
}

// As many times as a die says, something is changed, mostly where the codes are told; or the end is missing.
void spoil(bytes& stream, dice& d) {
  if (d.one_in(4)) {
    stream.resize(d.below(stream.size()));
    return;
  }
  const std::size_t reach = d.one_in(2) ? stream.size() : std::min<std::size_t>(stream.size(), 230);
  for (std::uint32_t flips = d.between(1, 3); flips > 0; --flips) {
    stream[d.below(reach)] ^= static_cast<std::uint8_t>(1U << d.below(8));
  }
}

} // namespace

TEST_CASE("whatever deflate can say is inflated as zlib does it, in whatever pieces and steps") {
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    INFO("seed " << seed);
    dice d(seed, 1);
    any_stream any = make_any_stream(d, true);
    any.stream.resize(any.stream.size() + d.below(12), d.byte()); // something behind it, which is not its own
    const inflated expected = by_zlib(any.stream);
    const bool as_meant = expected.taken && expected.data == any.data;
    REQUIRE(as_meant);
    for (int times = 0; times < 3; ++times) {
      compare(any.stream, expected, true, d);
    }
  }
}

TEST_CASE("of streams that say what they must not, or are spoilt, none is taken that zlib refuses") {
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    INFO("seed " << seed);
    dice d(seed, 2);
    const bytes stream = make_any_stream(d, false).stream;
    const inflated expected = by_zlib(stream);
    refused += expected.taken ? 0 : 1;
    compare(stream, expected, false, d);
    for (int times = 0; times < 3; ++times) {
      bytes spoilt = stream;
      spoil(spoilt, d);
      compare(spoilt, by_zlib(spoilt), false, d);
    }
  }
  CHECK(refused > rounds / 3);
  CHECK(refused < rounds);
}
