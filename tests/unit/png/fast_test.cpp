#include <catch2/catch.hpp>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"

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
