#include "decoder.hpp"

#include <spng.h>

namespace bench {
namespace {

int format_of(const sample& s) {
  switch (s.channels) {
  case 1: return SPNG_FMT_G8;
  case 2: return SPNG_FMT_GA8;
  case 3: return SPNG_FMT_RGB8;
  default: return SPNG_FMT_RGBA8;
  }
}

} // namespace

void add_spng(std::vector<decoder>& to) {
  decoder d;
  d.name = "libspng";
  d.version = spng_version_string();
  d.lent = [](const sample& s) { return s.bytes(); };
  d.unable = [](const sample& s) { return s.channels < 3 && s.depth == 16 ? "no gray of 8 bits from 16" : ""; };
  d.decode = [](const sample& s, std::span<std::byte> into) {
    spng_ctx* context = spng_ctx_new(0);
    const int flags = s.transparent_palette ? SPNG_DECODE_TRNS : 0;
    const bool good = context != nullptr && spng_set_png_buffer(context, s.file.data(), s.file.size()) == 0 &&
                      spng_decode_image(context, into.data(), s.bytes(), format_of(s), flags) == 0;
    spng_ctx_free(context);
    return good ? into.data() : nullptr;
  };
  to.push_back(std::move(d));
}

} // namespace bench
