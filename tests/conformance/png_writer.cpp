#include "png_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "chunks.hpp"

namespace weir::forge {
namespace {

void append(bytes& to, const bytes& what) { to.insert(to.end(), what.begin(), what.end()); }
void append(bytes& to, const std::vector<bytes>& all) {
  for (const bytes& one : all) {
    append(to, one);
  }
}

bytes header_of(const png::picture& p) {
  bytes data;
  chunks::put(data, p.width);
  chunks::put(data, p.height);
  append(data, bytes{static_cast<std::uint8_t>(p.bit_depth), static_cast<std::uint8_t>(p.color_type), 0, 0,
                     static_cast<std::uint8_t>(p.interlaced ? 1 : 0)});
  return data;
}

bytes transparency_of(const png::picture& p) {
  bytes data = p.palette_alpha;
  for (std::size_t i = 0; p.key && i < (p.color_type == 0 ? 1 : 3); ++i) {
    append(data, bytes{static_cast<std::uint8_t>(p.key->at(i) >> 8), static_cast<std::uint8_t>(p.key->at(i))});
  }
  return data;
}

std::size_t cut_at(std::size_t at, std::size_t size, cutting how, dice& d) {
  switch (how) {
  case cutting::large: return 8192;
  case cutting::random: return d.below(301);
  case cutting::tiny: return d.below(4);
  case cutting::by_byte: return 1;
  case cutting::header: return at < 2 ? 2 - at : size;
  case cutting::tail: return at + 5 < size ? size - at - d.between(1, 5) : 1;
  default: return size;
  }
}

} // namespace

bytes idat_chunks(const bytes& stream, cutting how, dice& d) {
  bytes to;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t n = std::min(cut_at(at, stream.size(), how, d), stream.size() - at);
    append(to, chunks::make("IDAT", bytes(stream.begin() + static_cast<std::ptrdiff_t>(at),
                                          stream.begin() + static_cast<std::ptrdiff_t>(at + n))));
    at += n;
  }
  if (how == cutting::tiny && d.one_in(2)) {
    append(to, chunks::make("IDAT", {}));
  }
  return to;
}

bytes write(const png::picture& p, const manner& m, dice& d) {
  bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append(file, chunks::make("IHDR", header_of(p)));
  if (p.gamma) {
    bytes data;
    chunks::put(data, static_cast<std::uint32_t>(std::lround(*p.gamma * 100'000)));
    append(file, chunks::make("gAMA", data));
  }
  if (p.srgb_intent) {
    append(file, chunks::make("sRGB", {static_cast<std::uint8_t>(*p.srgb_intent)}));
  }
  append(file, m.before_palette);
  if (!p.palette.empty()) {
    bytes data;
    for (const auto& color : p.palette) {
      data.insert(data.end(), color.begin(), color.end());
    }
    append(file, chunks::make("PLTE", data));
  }
  if (p.key || !p.palette_alpha.empty()) {
    append(file, chunks::make("tRNS", transparency_of(p)));
  }
  append(file, m.before_pixels);
  const bytes raw = scanlines(p, m.filters, d);
  append(file, idat_chunks(m.by_zlib ? deflated(raw, m.zlib) : deflated(raw, m.blocks, d), m.idat, d));
  append(file, m.behind_pixels);
  append(file, chunks::make("IEND", {}));
  return file;
}

} // namespace weir::forge
