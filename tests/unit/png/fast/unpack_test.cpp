#include <catch2/catch.hpp>

#include <vector>

#include "../../../conformance/patterns.hpp"
#include "png/fast/unpack.hpp"

using namespace weir;

TEST_CASE("unpacking gives each pixel below 8 bits times the factor, of every number of pixels, and writes no more") {
  patterns::noise random(3);
  for (const unsigned depth : {1U, 2U, 4U}) {
    const unsigned largest = (1U << depth) - 1;
    for (const unsigned factor : {1U, 255U / largest}) {
      for (std::size_t pixels = 0; pixels < 70; ++pixels) {
        std::vector<std::uint8_t> from((pixels * depth + 7) / 8); // read past its end, AddressSanitizer says so
        for (std::uint8_t& byte : from) {
          byte = static_cast<std::uint8_t>(random.next());
        }
        std::vector<std::uint8_t> to(pixels + 8, 0xEE);
        png::unpack(depth, to.data(), from.data(), pixels, static_cast<std::uint8_t>(factor));
        for (std::size_t i = 0; i < pixels; ++i) {
          const std::size_t bit = i * depth;
          const unsigned value = from[bit / 8] >> (8 - depth - bit % 8) & largest;
          REQUIRE(to[i] == value * factor);
        }
        REQUIRE(std::all_of(to.begin() + static_cast<std::ptrdiff_t>(pixels), to.end(), [](auto b) { return b == 0xEE; }));
      }
    }
  }
}
