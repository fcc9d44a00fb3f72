#include <catch2/catch.hpp>

#include <array>
#include <set>

#include "comparer.hpp"
#include "drawing.hpp"
#include "mutations.hpp"
#include "patterns.hpp"
#include "reference_decode.h"

using namespace weir;
using namespace weir::forge;

namespace {

// The file's samples of 8 or 16 bits as libpng has them, native order turned round to the file's.
bytes samples_of(const bytes& file, int bits) {
  reference_image image;
  reference_decode(file.data(), file.size(), 0, bits, &image);
  INFO(image.message);
  REQUIRE(image.ok == 1);
  bytes samples(image.bytes, image.bytes + image.size);
  reference_free(&image);
  for (std::size_t i = 0; bits == 16 && i < samples.size(); i += 2) {
    std::swap(samples[i], samples[i + 1]);
  }
  return samples;
}

} // namespace

TEST_CASE("a picture comes back as it was drawn, however it was filtered, interlaced, compressed and cut into chunks") {
  std::set<std::array<int, 3>> seen;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    dice d(seed);
    drawing drawn = draw(extent::small, d);
    const png::picture& p = drawn.picture;
    const bytes file = write(drawn, d);
    INFO(seed);
    if (p.color_type == 3 || p.bit_depth < 8) {
      samples_of(file, 8); // it is an image
    } else {
      REQUIRE(samples_of(file, p.bit_depth) == p.samples);
    }
    seen.insert({p.color_type, p.bit_depth, p.interlaced ? 1 : 0});
  }
  CHECK(seen.size() == 2 * patterns::kinds.size());
}

TEST_CASE("an image of 1, 2 or 4 bits comes back as it was drawn, in gray") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    dice d(seed);
    const int depth = 1 << d.below(3);
    const png::picture p = patterns::make({0, depth}, d.between(1, 40), d.between(1, 20), d.one_in(2), seed);
    const bytes samples = samples_of(write(p, manner{}, d), 8);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::size_t bit = i % p.width * static_cast<std::size_t>(depth);
      const unsigned byte = p.samples[i / p.width * p.row_bytes() + bit / 8];
      const unsigned most = (1U << depth) - 1;
      INFO(seed << ": " << i);
      REQUIRE(samples[i] == (byte >> (8 - static_cast<unsigned>(depth) - bit % 8) & most) * (255 / most));
    }
  }
}

TEST_CASE("the same seed makes the same file and the same mutation of it, another seed others") {
  std::set<bytes> files;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    dice one(seed);
    dice two(seed);
    const bytes file = write(draw(extent::small, one), one);
    REQUIRE(write(draw(extent::small, two), two) == file);
    const bytes mutant = mutated(file, one);
    REQUIRE(mutated(file, two) == mutant);
    files.insert(file);
    files.insert(mutant);
  }
  CHECK(files.size() > 380);
}

TEST_CASE("of mutations and of flaws some are images and some are not") {
  for (const bool flawed : {false, true}) {
    int images = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
      dice d(seed);
      const bytes file = flawed ? write(draw_flawed(extent::small, d), d) : mutated(write(draw(extent::small, d), d), d);
      reference_image image;
      reference_decode(file.data(), file.size(), 3, 8, &image);
      images += image.ok;
      reference_free(&image);
    }
    CHECK(images > 30);
    CHECK(images < 700);
  }
}
