// Debian's libpng, called as a program would that needs nothing of it but rows.
#include "../plain_decode.hpp"
#include "decoder.hpp"

#include <memory>
#include <png.h>

namespace bench {

void add_libpng(std::vector<decoder>& to) {
  decoder d;
  d.name = "libpng";
  d.version = png_get_libpng_ver(nullptr);
  auto pixels = std::make_shared<std::vector<std::byte>>();
  d.forget = [pixels] { std::vector<std::byte>().swap(*pixels); };
  d.decode = [pixels](const sample& s, std::span<std::byte>) {
    const bool good = plain::decode(s.file, static_cast<int>(s.channels), 8, *pixels).error.empty();
    return good ? pixels->data() : nullptr;
  };
  to.push_back(std::move(d));
}

} // namespace bench
