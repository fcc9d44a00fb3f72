#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "../../src/png/encode.hpp"

/// Pictures of every kind of PNG, for tests and the corpus: always the same ones.
namespace weir::patterns {

struct kind {
  int color_type;
  int bit_depth;
};

/// Every color type with every depth that it may have.
inline constexpr std::array<kind, 15> kinds = {{{0, 1},
                                                {0, 2},
                                                {0, 4},
                                                {0, 8},
                                                {0, 16},
                                                {2, 8},
                                                {2, 16},
                                                {3, 1},
                                                {3, 2},
                                                {3, 4},
                                                {3, 8},
                                                {4, 8},
                                                {4, 16},
                                                {6, 8},
                                                {6, 16}}};

class noise {
public:
  explicit noise(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state_ >> 33);
  }

private:
  std::uint64_t state_;
};

/// A picture with a gradient, noise on it, and (for a palette) a palette of all its indices.
inline png::picture make(kind k, std::uint32_t width, std::uint32_t height, bool interlaced = false, std::uint64_t seed = 1) {
  png::picture p;
  p.width = width;
  p.height = height;
  p.bit_depth = k.bit_depth;
  p.color_type = k.color_type;
  p.interlaced = interlaced;
  noise random(seed);
  const std::size_t row = p.row_bytes();
  p.samples.resize(row * height);
  for (std::size_t i = 0; i < p.samples.size(); ++i) {
    const std::size_t ramp = (i % row) * 255 / row + (i / row) * 3;
    p.samples[i] = static_cast<std::uint8_t>(ramp + (random.next() & 15U));
  }
  if (k.color_type == 3) {
    for (int i = 0; i < 1 << k.bit_depth; ++i) {
      const std::uint32_t r = random.next();
      p.palette.push_back(
          {static_cast<std::uint8_t>(r), static_cast<std::uint8_t>(r >> 8), static_cast<std::uint8_t>(r >> 16)});
    }
  }
  return p;
}

/// The same with the kind's own form of tRNS: some alphas for a palette; for gray and RGB the color of the first pixel.
inline png::picture with_transparency(png::picture p) {
  if (p.color_type == 3) {
    for (std::size_t i = 0; i < (p.palette.size() + 1) / 2; ++i) {
      p.palette_alpha.push_back(static_cast<std::uint8_t>(i * 37));
    }
    return p;
  }
  const auto sample = [&p](std::size_t i) -> std::uint16_t {
    if (p.bit_depth == 16) {
      return static_cast<std::uint16_t>(p.samples.at(2 * i) << 8 | p.samples.at(2 * i + 1));
    }
    return static_cast<std::uint16_t>(p.samples.at(i) >> (8 - p.bit_depth));
  };
  p.key = p.color_type == 0 ? std::array<std::uint16_t, 3>{sample(0), 0, 0}
                            : std::array<std::uint16_t, 3>{sample(0), sample(1), sample(2)};
  return p;
}

inline bool may_have_transparency(kind k) { return k.color_type == 0 || k.color_type == 2 || k.color_type == 3; }

inline std::string name(kind k) {
  const std::array<const char*, 7> types = {"gray", "", "rgb", "palette", "gray-alpha", "", "rgba"};
  return std::string(types.at(static_cast<std::size_t>(k.color_type))) + "-" + std::to_string(k.bit_depth);
}

} // namespace weir::patterns
