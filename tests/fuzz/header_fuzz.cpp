// The header parser: it says the same of a file in whatever pieces it comes, refuses nothing that libpng takes but for the
// limits, and takes nothing that breaks them.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include "../../src/png/decode.hpp"
#include "../../src/png/header.hpp"
#include "../conformance/chain.hpp"
#include "../conformance/reference_decode.h"

namespace {

using namespace weir;

void check(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
  }
}

bool same(const std::variant<png::header, png::failure>& a, const std::variant<png::header, png::failure>& b) {
  if (a.index() != b.index()) {
    return false;
  }
  if (const auto* h = std::get_if<png::header>(&a)) {
    return *h == std::get<png::header>(b);
  }
  const auto& left = std::get<png::failure>(a);
  const auto& right = std::get<png::failure>(b);
  return left.where == right.where && left.message == right.message && left.offset == right.offset;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> file(data, data + size);
  const png_options options{.channels = 4, .bits = 16, .max_pixels = 1U << 28};
  const conformance::chain whole(file, memory::segment_bytes);
  const auto parsed = png::parse_header(whole.first(), options);
  for (const std::size_t step : {1U, 7U, 33U}) {
    const conformance::chain pieces(file, step);
    check(same(parsed, png::parse_header(pieces.first(), options)), "in pieces it is another header");
  }
  reference_image image;
  reference_header(data, size, &image);
  if (const auto* h = std::get_if<png::header>(&parsed)) {
    const shape s = png::output_shape(*h, options);
    check(std::uint64_t{s.width} * s.height <= options.max_pixels, "above the limit");
    check(s.width > 0 && s.height > 0 && s.width <= 1'000'000 && s.height <= 1'000'000, "a side out of range");
    check(png::scratch_bytes(*h, options) < (std::size_t{256} << 20), "scratch without measure");
    check(image.ok == 0 || (image.width == h->width && image.height == h->height), "libpng reads another size");
  } else {
    const auto& why = std::get<png::failure>(parsed);
    check(why.where == stage::header && !why.message.empty() && why.offset <= size, "a failure that says too little");
    check(image.ok == 0 || std::uint64_t{image.width} * image.height > options.max_pixels, "libpng takes this header");
  }
  return 0;
}
