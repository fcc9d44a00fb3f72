#include "forms.hpp"

#include <algorithm>
#include <array>

#include <png.h>
#include <zlib.h>

namespace corpus {
namespace {

using weir::png::picture;

struct description {
  std::string_view name;
  int color_type;
  int bit_depth;
};

constexpr std::array<description, 14> descriptions = {{{"rgb", PNG_COLOR_TYPE_RGB, 8},
                                                       {"rgba", PNG_COLOR_TYPE_RGB_ALPHA, 8},
                                                       {"gray", PNG_COLOR_TYPE_GRAY, 8},
                                                       {"gray-alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8},
                                                       {"rgb16", PNG_COLOR_TYPE_RGB, 16},
                                                       {"rgba16", PNG_COLOR_TYPE_RGB_ALPHA, 16},
                                                       {"gray16", PNG_COLOR_TYPE_GRAY, 16},
                                                       {"gray1", PNG_COLOR_TYPE_GRAY, 1},
                                                       {"gray2", PNG_COLOR_TYPE_GRAY, 2},
                                                       {"gray4", PNG_COLOR_TYPE_GRAY, 4},
                                                       {"palette1", PNG_COLOR_TYPE_PALETTE, 1},
                                                       {"palette2", PNG_COLOR_TYPE_PALETTE, 2},
                                                       {"palette4", PNG_COLOR_TYPE_PALETTE, 4},
                                                       {"palette8", PNG_COLOR_TYPE_PALETTE, 8}}};

/// Levels of red, green and blue in a palette of so many bits; {n, 1, 1} stands for n grays.
constexpr std::array<unsigned, 3> palette_levels(int bits) {
  switch (bits) {
  case 8: return {6, 6, 6};
  case 4: return {2, 4, 2};
  case 2: return {4, 1, 1};
  default: return {2, 1, 1};
  }
}

constexpr unsigned bayer[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};

/// The nearest of `levels` evenly spaced values, above or below as the place in the picture says.
constexpr unsigned dithered(unsigned value, unsigned levels, std::uint32_t x, std::uint32_t y) {
  return (value * (levels - 1) + (2 * bayer[y % 4][x % 4] + 1) * 65535 / 32) / 65536;
}

constexpr unsigned luminance(const std::uint16_t* rgb) {
  return (rgb[0] * 299U + rgb[1] * 587U + rgb[2] * 114U + 500U) / 1000U;
}

/// 65535 inside of an ellipse, 0 outside, and a slope between.
unsigned alpha_at(std::uint32_t x, std::uint32_t y, std::uint32_t size) {
  const auto from_centre = [size](std::uint32_t at) { return 2 * std::int64_t{at} + 1 - std::int64_t{size}; };
  const std::int64_t radius2 = std::int64_t{size} * size;
  const std::int64_t inside = radius2 - from_centre(x) * from_centre(x) - from_centre(y) * from_centre(y) * 5 / 4;
  return static_cast<unsigned>(std::clamp<std::int64_t>(inside * 4 * 65535 / radius2, 0, 65535));
}

/// Puts samples of any depth behind each other, the first in the high bits.
class row_writer {
public:
  row_writer(std::uint8_t* row, int bits) : row_(row), bits_(static_cast<unsigned>(bits)) {}
  void put(unsigned value) {
    if (bits_ == 16)
      *row_++ = static_cast<std::uint8_t>(value >> 8U);
    if (bits_ >= 8) {
      *row_++ = static_cast<std::uint8_t>(value);
      return;
    }
    filled_ += bits_;
    *row_ = static_cast<std::uint8_t>(*row_ | value << (8 - filled_));
    if (filled_ == 8) {
      ++row_;
      filled_ = 0;
    }
  }

private:
  std::uint8_t* row_;
  unsigned bits_;
  unsigned filled_ = 0;
};

void fill_palette(picture& p) {
  const auto [reds, greens, blues] = palette_levels(p.bit_depth);
  const auto scaled = [](unsigned i, unsigned n) { return static_cast<std::uint8_t>(n == 1 ? 0 : i * 255 / (n - 1)); };
  for (unsigned i = 0; i < reds * greens * blues; ++i) {
    const std::uint8_t red = scaled(i / (greens * blues), reds);
    if (greens == 1)
      p.palette.push_back({red, red, red});
    else
      p.palette.push_back({red, scaled(i / blues % greens, greens), scaled(i % blues, blues)});
  }
}

unsigned palette_index(const std::uint16_t* rgb, int bits, std::uint32_t x, std::uint32_t y) {
  const auto [reds, greens, blues] = palette_levels(bits);
  if (greens == 1)
    return dithered(luminance(rgb), reds, x, y);
  return (dithered(rgb[0], reds, x, y) * greens + dithered(rgb[1], greens, x, y)) * blues + dithered(rgb[2], blues, x, y);
}

void put_pixel(row_writer& row, const picture& p, const std::uint16_t* rgb, std::uint32_t x, std::uint32_t y) {
  const unsigned drop = p.bit_depth == 16 ? 0 : 8;
  if (p.color_type == PNG_COLOR_TYPE_PALETTE)
    row.put(palette_index(rgb, p.bit_depth, x, y));
  else if (p.bit_depth < 8)
    row.put(dithered(luminance(rgb), 1U << static_cast<unsigned>(p.bit_depth), x, y));
  else if ((p.color_type & PNG_COLOR_MASK_COLOR) == 0)
    row.put(luminance(rgb) >> drop);
  else
    for (std::size_t c = 0; c < 3; ++c)
      row.put(unsigned{rgb[c]} >> drop);
  if ((p.color_type & PNG_COLOR_MASK_ALPHA) != 0)
    row.put(alpha_at(x, y, p.width) >> drop);
}

} // namespace

std::optional<picture> make_form(std::string_view form, const std::vector<std::uint16_t>& rgb, std::uint32_t size) {
  const auto* const found =
      std::find_if(descriptions.begin(), descriptions.end(), [form](const description& d) { return d.name == form; });
  if (found == descriptions.end())
    return std::nullopt;
  picture p;
  p.width = p.height = size;
  p.bit_depth = found->bit_depth;
  p.color_type = found->color_type;
  if (p.color_type == PNG_COLOR_TYPE_PALETTE)
    fill_palette(p);
  p.samples.resize(p.row_bytes() * size);
  for (std::uint32_t y = 0; y < size; ++y) {
    row_writer row(p.samples.data() + p.row_bytes() * y, p.bit_depth);
    for (std::uint32_t x = 0; x < size; ++x)
      put_pixel(row, p, rgb.data() + (std::size_t{y} * size + x) * 3, x, y);
  }
  return p;
}

bool set_encoder(std::string_view encoder, picture& p) {
  if (encoder.size() == 6 && encoder.starts_with("level") && encoder[5] >= '0' && encoder[5] <= '9') {
    p.level = encoder[5] - '0';
  } else if (encoder == "no-filter") {
    p.filters = PNG_FILTER_NONE;
  } else if (encoder == "opencv") {
    p.level = Z_BEST_SPEED;
    p.strategy = Z_RLE;
    p.filters = PNG_FILTER_SUB;
  } else if (encoder == "interlaced") {
    p.interlaced = true;
  } else {
    return false;
  }
  return true;
}

} // namespace corpus
