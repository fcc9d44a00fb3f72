#include "ancillary.hpp"

#include <algorithm>

namespace weir::png {
namespace {

constexpr auto name_of = [](const char (&letters)[5]) { return chunk_reader::name_of(letters); };

enum flag : std::uint32_t {
  plte = 1,
  trns = 2,
  gama = 4,
  chrm = 8,
  srgb = 16,
  sbit = 32,
  bkgd = 64,
  phys = 128,
  time = 256,
  exif = 512
};

// libpng keeps texts, at most 1000 chunks and here 16 MiB of them, and warns of those above: far below that nothing is dropped.
constexpr std::size_t most_texts = 100;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 20;

constexpr std::uint32_t srgb_gamma = 45455;
constexpr std::array<std::uint32_t, 8> srgb_primaries = {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000};

} // namespace

bool ancillary::first(std::uint32_t once) noexcept {
  const bool is_first = (seen_ & once) == 0;
  seen_ |= once;
  return is_first;
}

bool ancillary::read_before_pixels(chunk_reader& in, const header& h) noexcept {
  std::array<std::uint8_t, 13> data{};
  if (!in.signature() || !in.next() || in.name() != name_of("IHDR") || in.left() != data.size() ||
      !in.read(data.data(), data.size()) || !in.finish()) {
    return false;
  }
  const header same{chunk_reader::big_endian(data.data()), chunk_reader::big_endian(data.data() + 4), data[8], data[9],
                    data[12] == 1};
  if (same != h || data[10] != 0 || data[11] != 0 || data[12] > 1) {
    return false;
  }
  for (;;) {
    if (!in.next()) {
      return false;
    }
    if (in.name() == name_of("IDAT")) {
      pixels_seen_ = true;
      return !h.has_palette() || (seen_ & plte) != 0;
    }
    if (!read_one(in, h) || !in.finish()) {
      return false;
    }
  }
}

bool ancillary::read_after_pixels(chunk_reader& in, const header& h) noexcept {
  while (in.name() != name_of("IEND")) {
    if (!read_one(in, h) || !in.finish() || !in.next()) {
      return false;
    }
  }
  return in.left() == 0 && in.finish();
}

bool ancillary::read_one(chunk_reader& in, const header& h) noexcept {
  switch (in.name()) {
  case name_of("PLTE"): return !pixels_seen_ && read_palette(in, h);
  case name_of("tRNS"): return !pixels_seen_ && read_transparency(in, h);
  case name_of("gAMA"):
  case name_of("cHRM"):
  case name_of("sRGB"):
  case name_of("sBIT"): return !pixels_seen_ && (seen_ & plte) == 0 && read_small(in, h);
  case name_of("bKGD"):
  case name_of("pHYs"): return !pixels_seen_ && read_small(in, h);
  case name_of("tIME"):
  case name_of("eXIf"): return read_small(in, h);
  case name_of("tEXt"):
  case name_of("iTXt"): return read_text(in);
  case name_of("iCCP"): light = true; return !pixels_seen_ && ask_libpng(in);
  case name_of("zTXt"):
  case name_of("sPLT"):
  case name_of("hIST"):
  case name_of("oFFs"):
  case name_of("pCAL"):
  case name_of("sCAL"): return !pixels_seen_ && ask_libpng(in);
  default: break;
  }
  // What libpng doesn't know it passes over, if it isn't critical.
  bytes_ += in.left() + std::uint64_t{12}; // empty ones cost time, too
  return (in.name() & 0x20000000U) != 0 && bytes_ <= most_bytes;
}

bool ancillary::ask_libpng(chunk_reader& in) noexcept {
  bytes_ += in.left();
  for_libpng = true;
  return ++texts_ <= most_texts && bytes_ <= most_bytes; // those that are kept count with those behind the pixels
}

bool ancillary::read_palette(chunk_reader& in, const header& h) noexcept {
  const std::size_t size = in.left();
  const std::size_t most = h.has_palette() ? std::size_t{1} << h.bit_depth : 256;
  if (!h.has_color() || !first(plte) || (seen_ & (trns | bkgd)) != 0 || size == 0 || size % 3 != 0 || size / 3 > most) {
    return false;
  }
  alphas.fill(255);
  palette_size = size / 3;
  return in.read(palette.data(), size);
}

bool ancillary::read_transparency(chunk_reader& in, const header& h) noexcept {
  if (h.has_alpha() || !first(trns)) {
    return false;
  }
  transparent = true;
  if (h.has_palette()) {
    const std::size_t size = in.left();
    return size > 0 && size <= palette_size && (seen_ & bkgd) == 0 && in.read(alphas.data(), size);
  }
  const std::size_t samples = h.has_color() ? 3 : 1;
  std::array<std::uint8_t, 6> data{};
  if (in.left() != samples * 2 || !in.read(data.data(), samples * 2)) {
    return false;
  }
  for (std::size_t i = 0; i < samples; ++i) {
    key[i] = static_cast<std::uint16_t>(data[2 * i] << 8 | data[2 * i + 1]);
    if (key[i] >> h.bit_depth != 0) { // out of range: libpng warns
      return false;
    }
  }
  return true;
}

// Chunks of a fixed form, each once.
bool ancillary::read_small(chunk_reader& in, const header& h) noexcept {
  std::array<std::uint8_t, 32> data{};
  const std::uint32_t name = in.name();
  const std::size_t size = in.left();
  const std::size_t kept = name == name_of("eXIf") ? std::min<std::size_t>(size, 4) : size;
  if (kept > data.size() || !in.read(data.data(), kept)) {
    return false;
  }
  const auto number = [&data](std::size_t i) { return chunk_reader::big_endian(data.data() + 4 * i); };
  const std::size_t color_samples = h.has_color() ? 3 : 1;
  switch (name) {
  // Where there are several of the first three they have to agree, or libpng warns: here, on sRGB.
  case name_of("gAMA"): {
    light = true;
    const std::uint32_t gamma = size == 4 ? number(0) : 0;
    return first(gama) && ((seen_ & srgb) == 0 ? gamma >= 16 && gamma <= 625000000 : gamma == srgb_gamma) &&
           (gamma == srgb_gamma || first(srgb));
  }
  case name_of("cHRM"):
    light = true;
    if (!first(chrm) || size != 32) {
      return false;
    }
    for (std::size_t i = 0; i < srgb_primaries.size(); ++i) {
      for_libpng = for_libpng || number(i) != srgb_primaries[i]; // of others it may have a word to say
    }
    return true;
  case name_of("sRGB"): light = true; return first(srgb) && size == 1 && data[0] < 4;
  case name_of("sBIT"): {
    const std::size_t samples = color_samples + (h.has_alpha() ? 1 : 0);
    const unsigned depth = h.has_palette() ? 8 : h.bit_depth;
    return first(sbit) && size == samples &&
           std::all_of(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(samples),
                       [depth](std::uint8_t bits) { return bits > 0 && bits <= depth; });
  }
  case name_of("bKGD"): {
    if (!first(bkgd)) {
      return false;
    }
    if (h.has_palette()) {
      return size == 1 && data[0] < palette_size;
    }
    bool in_range = size == 2 * color_samples;
    for (std::size_t i = 0; i < color_samples; ++i) {
      in_range = in_range && (data[2 * i] << 8 | data[2 * i + 1]) >> h.bit_depth == 0;
    }
    return in_range;
  }
  case name_of("pHYs"): return first(phys) && size == 9;
  case name_of("tIME"):
    return first(time) && size == 7 && data[2] >= 1 && data[2] <= 12 && data[3] >= 1 && data[3] <= 31 && data[4] <= 23 &&
           data[5] <= 59 && data[6] <= 60;
  case name_of("eXIf"): {
    bytes_ += size;
    const std::uint32_t order = size > 4 ? number(0) : 0;
    return first(exif) && (order == 0x49492A00U || order == 0x4D4D002AU) && bytes_ <= most_bytes;
  }
  default: return false;
  }
}

// Of an international text the start is looked at: a keyword, not compressed, a language and a translated keyword.
bool ancillary::read_text(chunk_reader& in) noexcept {
  bytes_ += in.left();
  if (++texts_ > most_texts || bytes_ > most_bytes) {
    return false;
  }
  if (in.name() == name_of("tEXt")) {
    return true;
  }
  std::array<std::uint8_t, 256> start{};
  const std::size_t size = std::min<std::size_t>(in.left(), start.size());
  if (!in.read(start.data(), size)) {
    return false;
  }
  const std::uint8_t* const begin = start.data();
  const std::uint8_t* const end = begin + size;
  const std::uint8_t* const keyword_end = std::find(begin, end, std::uint8_t{0});
  const std::size_t keyword = static_cast<std::size_t>(keyword_end - begin);
  if (keyword < 1 || keyword > 79 || end - keyword_end < 5 || keyword_end[1] != 0 || keyword_end[2] != 0) {
    return false;
  }
  const std::uint8_t* const language_end = std::find(keyword_end + 3, end, std::uint8_t{0});
  return language_end != end && std::find(language_end + 1, end, std::uint8_t{0}) != end;
}

} // namespace weir::png
