#include "decoder.hpp"

#include <cstdlib>
#include <lodepng.h>
#include <memory>

namespace bench {
namespace {

LodePNGColorType type_of(const sample& s) {
  switch (s.channels) {
  case 1: return LCT_GREY;
  case 2: return LCT_GREY_ALPHA;
  case 3: return LCT_RGB;
  default: return LCT_RGBA;
  }
}

} // namespace

void add_lodepng(std::vector<decoder>& to) {
  decoder d;
  d.name = "lodepng";
  d.version = LODEPNG_VERSION_STRING;
  // Its memory is given back before the next is asked for, so that the same pages can be used again.
  auto last = std::make_shared<std::unique_ptr<unsigned char, decltype(&std::free)>>(nullptr, &std::free);
  d.forget = [last] { last->reset(); };
  d.decode = [last](const sample& s, std::span<std::byte>) {
    unsigned char* pixels = nullptr;
    unsigned width = 0;
    unsigned height = 0;
    last->reset();
    const auto* file = reinterpret_cast<const unsigned char*>(s.file.data());
    const unsigned error = lodepng_decode_memory(&pixels, &width, &height, file, s.file.size(), type_of(s), 8);
    last->reset(pixels);
    return error == 0 ? reinterpret_cast<const std::byte*>(pixels) : nullptr;
  };
  to.push_back(std::move(d));
}

} // namespace bench
