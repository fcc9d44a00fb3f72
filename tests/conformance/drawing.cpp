#include "drawing.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <zlib.h>

#include "chunks.hpp"
#include "patterns.hpp"

namespace weir::forge {
namespace {

std::uint32_t side(extent size, dice& d) {
  return size == extent::tiny ? d.between(1, 8) : d.between(1, d.one_in(3) ? 67 : 20);
}

// Pixels of other kinds than a noisy gradient.
void fill(png::picture& p, dice& d) {
  const unsigned kind = d.below(6);
  const std::uint8_t color = d.byte();
  const std::size_t row = p.row_bytes();
  for (std::size_t i = 0; i < p.samples.size(); ++i) {
    std::uint8_t& s = p.samples[i];
    switch (kind) {
    case 0: s = d.byte(); break;
    case 1: s = color; break;
    case 2: s = d.one_in(9) ? d.byte() : i > 0 ? p.samples[i - 1] : color; break;
    case 3: s = static_cast<std::uint8_t>(d.one_in(2) ? 0 : 255); break;
    case 4: s = i < row || d.one_in(20) ? d.byte() : p.samples[i - row]; break;
    default: break; // the gradient
    }
  }
}

void color(png::picture& p, dice& d) {
  if (p.color_type == 3) {
    if (d.one_in(3)) { // shorter than the indices
      p.palette.resize(d.between(1, p.palette.size()));
    }
    if (d.one_in(2)) {
      p.palette_alpha.resize(d.between(1, p.palette.size()));
      std::generate(p.palette_alpha.begin(), p.palette_alpha.end(),
                    [&d] { return d.one_in(4) ? std::uint8_t{255} : d.byte(); });
    }
  } else if (p.color_type != 4 && p.color_type != 6 && d.one_in(3)) {
    p = patterns::with_transparency(std::move(p));
    if (d.one_in(4)) { // a key that no sample may have, or few
      p.key->at(d.below(3)) = static_cast<std::uint16_t>(d.next());
    }
  }
  if (p.color_type == 2 || p.color_type == 6) {
    if (d.one_in(15)) { // a suggested palette
      p.palette.assign(d.between(1, 256), {1, 2, 3});
    }
  }
  if (d.one_in(6)) {
    constexpr std::array<double, 6> gammas = {0.45455, 1.0, 1.04, 1.06, 0.1, 2.2};
    p.gamma = d.pick(gammas);
  }
  if (d.one_in(8)) {
    p.srgb_intent = static_cast<int>(d.below(4));
  }
}

manner any_manner(dice& d) {
  constexpr std::array<int, 5> levels = {0, 1, 3, 6, 9};
  constexpr std::array<int, 5> strategies = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
  manner m;
  m.filters = static_cast<filtering>(d.below(static_cast<unsigned>(filtering::flawed)));
  m.by_zlib = d.one_in(2);
  m.zlib.level = d.pick(levels);
  m.zlib.strategy = d.one_in(2) ? Z_DEFAULT_STRATEGY : d.pick(strategies);
  m.zlib.window_bits = static_cast<int>(d.one_in(2) ? 15 : d.between(9, 15));
  m.zlib.memory = static_cast<int>(d.between(1, 9));
  m.zlib.flush_every = d.one_in(4) ? d.between(1, 500) : 0;
  m.blocks.window_bits = d.one_in(2) ? 15 : d.between(8, 15);
  m.idat = static_cast<cutting>(d.one_in(2) ? 0 : d.below(static_cast<unsigned>(cutting::count)));
  return m;
}

std::vector<bytes> few(const png::picture& p, std::size_t one_in, dice& d) {
  std::vector<bytes> chunks;
  while (chunks.size() < 3 && d.one_in(one_in)) {
    chunks.push_back(any_ancillary(p, d));
  }
  return chunks;
}

bytes random_bytes(std::size_t n, dice& d) {
  bytes b(n);
  std::generate(b.begin(), b.end(), [&d] { return d.byte(); });
  return b;
}

// Data of the right form, for most.
bytes fitting(std::string_view name, const png::picture& p, dice& d) {
  constexpr std::array<std::size_t, 7> samples = {1, 0, 3, 3, 2, 0, 4};
  const std::size_t n = samples.at(static_cast<std::size_t>(p.color_type));
  if (name == "sBIT") {
    bytes b(n);
    const std::size_t depth = p.color_type == 3 ? 8 : static_cast<std::size_t>(p.bit_depth);
    std::generate(b.begin(), b.end(), [&d, depth] { return static_cast<std::uint8_t>(d.between(1, depth)); });
    return b;
  }
  if (name == "bKGD") {
    return p.color_type == 3 ? bytes{0} : bytes((p.color_type & 2) != 0 ? 6 : 2);
  }
  if (name == "hIST") {
    return random_bytes(2 * p.palette.size(), d);
  }
  if (name == "tEXt") {
    return chunks::text(std::string_view("key\0value", 9));
  }
  if (name == "zTXt") {
    bytes b = chunks::text(std::string_view("key\0\0", 5));
    const bytes packed = deflated(random_bytes(d.below(200), d), zlib_manner{});
    b.insert(b.end(), packed.begin(), packed.end());
    return b;
  }
  if (name == "iTXt") {
    return chunks::text(std::string_view("key\0\0\0en\0k\0value", 16));
  }
  if (name == "cHRM") {
    bytes b; // sRGB's, or others: somebody's screen, or none that there could be
    const std::uint64_t apart = d.below(3) == 0 ? 0 : d.below(2) == 0 ? 2000 : 100000;
    for (const std::uint32_t v : {31270U, 32900U, 64000U, 33000U, 30000U, 60000U, 15000U, 6000U}) {
      chunks::put(b, v + static_cast<std::uint32_t>(apart == 0 ? 0 : d.below(apart)));
    }
    return b;
  }
  if (name == "pHYs" || name == "oFFs") {
    return {0, 0, 1, 0, 0, 0, 1, 0, 1};
  }
  if (name == "tIME") {
    return {7, 230, 2, 3, 4, 5, 6};
  }
  return random_bytes(d.below(20), d);
}

} // namespace

bytes any_ancillary(const png::picture& p, dice& d) {
  constexpr std::array<std::string_view, 21> names = {"bKGD", "cHRM", "eXIf", "gAMA", "hIST", "iCCP", "iTXt",
                                                      "oFFs", "pCAL", "pHYs", "sBIT", "sCAL", "sPLT", "sRGB",
                                                      "tEXt", "tIME", "zTXt", "teSt", "abCd", "acTL", "fcTL"};
  const std::string_view name = d.pick(names);
  return chunks::make(name, d.one_in(5) ? random_bytes(d.below(40), d) : fitting(name, p, d));
}

drawing draw(extent size, dice& d) {
  const patterns::kind kind = d.pick(patterns::kinds);
  std::uint32_t width = side(size, d);
  std::uint32_t height = side(size, d);
  if (size == extent::large) {
    width = d.one_in(2) ? d.between(100, 300) : d.between(9000, 70'000);
    height = width > 300 ? d.between(1, 3) : d.between(50, 150);
  }
  drawing drawn;
  const bool interlaced = d.one_in(3);
  drawn.picture = patterns::make(kind, width, height, interlaced, d.next());
  if (d.one_in(2)) {
    fill(drawn.picture, d);
  }
  color(drawn.picture, d);
  drawn.how = any_manner(d);
  if (size == extent::large && drawn.how.idat >= cutting::random) { // else hundreds of thousands of chunks
    drawn.how.idat = cutting::large;
  }
  drawn.how.before_palette = few(drawn.picture, 8, d);
  drawn.how.before_pixels = few(drawn.picture, 8, d);
  drawn.how.behind_pixels = few(drawn.picture, 12, d);
  return drawn;
}

drawing draw_flawed(extent size, dice& d) {
  drawing drawn = draw(size, d);
  if (d.one_in(5)) {
    drawn.how.filters = filtering::flawed;
    return drawn;
  }
  drawn.how.by_zlib = false;
  drawn.how.blocks.flaw = static_cast<deflate_flaw>(d.between(1, static_cast<unsigned>(deflate_flaw::count) - 1));
  if (drawn.how.blocks.flaw == deflate_flaw::past_window) {
    drawn.how.blocks.window_bits = d.between(8, 10);
  }
  return drawn;
}

} // namespace weir::forge
