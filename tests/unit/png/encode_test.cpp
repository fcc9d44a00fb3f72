#include <catch2/catch.hpp>

#include <stdexcept>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"
#include "png/encode.hpp"

using namespace weir;
using namespace weir::png::testing;

TEST_CASE("what is encoded comes out again, at every level and with every filter") {
  for (const bool interlaced : {false, true}) {
    for (const int level : {0, 1, 9}) {
      for (const int filters : {-1, 0x08, 0x10, 0x20, 0x40, 0x80, 0xF8}) {
        png::picture p = patterns::make({6, 8}, 30, 20, interlaced);
        p.level = level;
        p.filters = filters;
        CHECK(decode_independently(encode(p), {}).pixels == p.samples);
      }
    }
  }
}

TEST_CASE("the header and the chunks are those that were asked for") {
  png::picture p = patterns::with_transparency(patterns::make({3, 2}, 9, 4, true));
  p.gamma = 0.45455;
  p.srgb_intent = 1;
  p.idat_bytes = 10;
  const bytes file = encode(p);
  const chain input(file);
  CHECK(std::get<png::header>(png::parse_header(input.first(), {})) == png::header{9, 4, 2, 3, true});
  CHECK(chunks::find(file, "PLTE").length == 12);
  CHECK(chunks::find(file, "tRNS").length == 2);
  CHECK(chunks::find(file, "gAMA").length == 4);
  CHECK(chunks::find(file, "sRGB").length == 1);
  CHECK(chunks::find(file, "IDAT").length == 10);
}

TEST_CASE("what libpng refuses to write is a runtime_error, and samples of the wrong number an invalid_argument") {
  png::picture p = patterns::make({3, 8}, 3, 3);
  p.palette.clear();
  CHECK_THROWS_AS(encode(p), std::runtime_error);
  p.samples.pop_back();
  CHECK_THROWS_AS(encode(p), std::invalid_argument);
}
