#include "conversion.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "unpack.hpp"

namespace weir::png {
namespace {

// libpng's: weights of 2^15, truncated for 8 bits and rounded for 16.
constexpr std::uint32_t gray_of(const std::uint8_t* rgb) noexcept {
  return (9797U * rgb[0] + 19234U * rgb[1] + 3737U * rgb[2]) >> 15;
}
constexpr std::uint32_t gray_of(const std::uint16_t* rgb) noexcept {
  return (9797U * rgb[0] + 19234U * rgb[1] + 3737U * rgb[2] + 16384U) >> 15;
}

struct alpha_rule {
  bool has_key;
  const std::uint16_t* key;
  std::uint16_t value; // where there is neither key nor alpha in the file
};

// Pixels of In channels to pixels of Out channels.
template<unsigned In, unsigned Out, class Sample>
void map_pixels(Sample* to, const Sample* from, std::size_t pixels, const alpha_rule& rule) noexcept {
  constexpr unsigned colors_in = In < 3 ? 1 : 3;
  constexpr unsigned colors_out = Out < 3 ? 1 : 3;
  for (std::size_t i = 0; i < pixels; ++i, from += In, to += Out) {
    if constexpr (colors_in == 3 && colors_out == 1) {
      to[0] = static_cast<Sample>(gray_of(from));
    } else if constexpr (colors_in == 1 && colors_out == 3) {
      to[0] = to[1] = to[2] = from[0];
    } else {
      for (unsigned c = 0; c < colors_in; ++c) {
        to[c] = from[c];
      }
    }
    if constexpr (Out % 2 == 0) {
      if constexpr (In % 2 == 0) {
        to[Out - 1] = from[In - 1];
      } else if (rule.has_key) {
        bool same = true;
        for (unsigned c = 0; c < colors_in; ++c) {
          same = same && from[c] == rule.key[c];
        }
        to[Out - 1] = same ? Sample{0} : static_cast<Sample>(~Sample{0});
      } else {
        to[Out - 1] = static_cast<Sample>(rule.value);
      }
    }
  }
}

template<class Sample>
void map_pixels(unsigned in, unsigned out, Sample* to, const Sample* from, std::size_t pixels,
                const alpha_rule& rule) noexcept {
  switch (in * 4 + out - 5) {
  case 0: return map_pixels<1, 1>(to, from, pixels, rule);
  case 1: return map_pixels<1, 2>(to, from, pixels, rule);
  case 2: return map_pixels<1, 3>(to, from, pixels, rule);
  case 3: return map_pixels<1, 4>(to, from, pixels, rule);
  case 4: return map_pixels<2, 1>(to, from, pixels, rule);
  case 5: return map_pixels<2, 2>(to, from, pixels, rule);
  case 6: return map_pixels<2, 3>(to, from, pixels, rule);
  case 7: return map_pixels<2, 4>(to, from, pixels, rule);
  case 8: return map_pixels<3, 1>(to, from, pixels, rule);
  case 9: return map_pixels<3, 2>(to, from, pixels, rule);
  case 10: return map_pixels<3, 3>(to, from, pixels, rule);
  case 11: return map_pixels<3, 4>(to, from, pixels, rule);
  case 12: return map_pixels<4, 1>(to, from, pixels, rule);
  case 13: return map_pixels<4, 2>(to, from, pixels, rule);
  case 14: return map_pixels<4, 3>(to, from, pixels, rule);
  default: return map_pixels<4, 4>(to, from, pixels, rule);
  }
}

template<std::size_t Bytes, class Table>
void look_up(std::uint8_t* to, const std::uint8_t* indices, std::size_t pixels, const Table& table) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::memcpy(to + Bytes * i, &table[indices[i]], Bytes);
  }
}

} // namespace

bool conversion::prepare(const header& h, const ancillary& a, const png_options& options, const kernels::set& k) noexcept {
  kernels_ = &k;
  output_ = output_shape(h, options, a.transparent);
  output_pixel_ = std::size_t{output_.channels} * (output_.bits / 8U);
  if (output_.channels < 3 && h.has_color() && a.light) {
    return false;
  }
  depth_ = h.bit_depth;
  channels_in_ = static_cast<std::uint8_t>((h.has_color() ? 3 : 1) + (h.has_alpha() ? 1 : 0));
  channels_out_ = output_.channels;
  has_key_ = a.transparent && !h.has_palette() && channels_out_ % 2 == 0;
  key_ = a.key;
  alpha_ = static_cast<std::uint16_t>((1U << depth_) - 1);
  if (h.has_palette() || depth_ < 8) {
    source_ = source::table;
    if (!h.has_palette() && output_pixel_ == 1) { // all that becomes of a value is that it is multiplied
      factor_ = static_cast<std::uint8_t>(255 / alpha_);
    } else {
      fill_table(h, a);
    }
    return true;
  }
  source_ = depth_ == 8 ? source::bytes : source::wide;
  identity_ = depth_ == 8 && channels_in_ == channels_out_ && output_.bits == 8;
  // Where samples are only moved it makes no difference when their low bytes are dropped.
  const bool computed = channels_in_ >= 3 && channels_out_ < 3;
  narrow_first_ = depth_ == 16 && output_.bits == 8 && !computed && !has_key_;
  if (narrow_first_) {
    alpha_ = 255;
  }
  return true;
}

void conversion::fill_table(const header& h, const ancillary& a) noexcept {
  const std::size_t values = std::size_t{1} << depth_;
  const auto largest = static_cast<std::uint8_t>(values - 1);
  const bool wide = output_pixel_ > sizeof(narrow_table_[0]);
  const auto set = [this, wide](std::size_t v, const std::array<std::uint8_t, 4>& rgba) {
    std::array<std::uint8_t, 4> pixel = rgba;
    if (channels_out_ < 3) {
      pixel = {static_cast<std::uint8_t>(gray_of(rgba.data())), rgba[3], 0, 0};
    }
    std::array<std::uint8_t, 8> doubled{pixel[0], pixel[0], pixel[1], pixel[1], pixel[2], pixel[2], pixel[3], pixel[3]};
    if (wide) {
      table_[v] = doubled;
    } else if (output_.bits == 16) {
      std::memcpy(&narrow_table_[v], doubled.data(), 4);
    } else {
      std::memcpy(&narrow_table_[v], pixel.data(), 4);
    }
  };
  if (!h.has_palette()) {
    for (std::size_t v = 0; v < values; ++v) {
      const auto gray = static_cast<std::uint8_t>(v * 255 / largest);
      set(v, {gray, gray, gray, !has_key_ ? largest : v == a.key[0] ? std::uint8_t{0} : std::uint8_t{255}});
    }
    return;
  }
  const std::size_t colors = a.palette_size;
  for (std::size_t v = 0; v < colors; ++v) {
    const std::uint8_t* const rgb = a.palette.data() + 3 * v;
    set(v, {rgb[0], rgb[1], rgb[2], a.transparent ? a.alphas[v] : largest});
  }
  if (colors < values) { // an index past the palette is black
    set(colors, {0, 0, 0, a.transparent ? std::uint8_t{255} : largest});
    const auto first = static_cast<std::ptrdiff_t>(colors);
    const auto last = static_cast<std::ptrdiff_t>(values);
    if (wide) {
      std::fill(table_.begin() + first + 1, table_.begin() + last, table_[colors]);
    } else {
      std::fill(narrow_table_.begin() + first + 1, narrow_table_.begin() + last, narrow_table_[colors]);
    }
  }
}

void conversion::run(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept {
  if (source_ == source::table) {
    run_table(to, from, pixels);
    return;
  }
  const std::size_t input_pixel = std::size_t{channels_in_} * (depth_ / 8U);
  for (std::size_t done = 0; done < pixels; done += block) {
    run_block(to + done * output_pixel_, from + done * input_pixel, std::min(block, pixels - done));
  }
}

void conversion::run_table(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept {
  if (depth_ == 8) {
    look_up_pixels(to, from, pixels);
    return;
  }
  if (factor_ != 0) {
    unpack(depth_, to, from, pixels, factor_);
    return;
  }
  std::array<std::uint8_t, block> indices;
  for (std::size_t done = 0; done < pixels; done += block) {
    const std::size_t n = std::min(block, pixels - done);
    unpack(depth_, indices.data(), from + done * depth_ / 8, n, 1);
    look_up_pixels(to + done * output_pixel_, indices.data(), n);
  }
}

void conversion::look_up_pixels(std::uint8_t* to, const std::uint8_t* indices, std::size_t pixels) const noexcept {
  switch (output_pixel_) {
  case 1: return look_up<1>(to, indices, pixels, narrow_table_);
  case 2: return look_up<2>(to, indices, pixels, narrow_table_);
  case 3: return kernels_->palette_to_rgb(to, indices, pixels, narrow_table_.data());
  case 4: return kernels_->palette_to_rgba(to, indices, pixels, narrow_table_.data());
  case 6: return look_up<6>(to, indices, pixels, table_);
  default: return look_up<8>(to, indices, pixels, table_);
  }
}

// The widest form that a block of pixels has on its way is four samples of 16 bits.
void conversion::run_block(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept {
  alignas(16) std::array<std::uint8_t, block * 8> one;
  alignas(16) std::array<std::uint8_t, block * 8> two;
  const std::size_t samples_in = pixels * channels_in_;
  const std::size_t samples_out = pixels * channels_out_;
  const bool same_channels = channels_in_ == channels_out_;
  if (depth_ == 8 || narrow_first_) {
    if (narrow_first_) {
      std::uint8_t* const narrow = same_channels ? to : one.data();
      kernels_->high_bytes(narrow, from, samples_in);
      if (same_channels) {
        return;
      }
      from = narrow;
    }
    if (output_.bits == 8) {
      map_bytes(to, from, pixels);
      return;
    }
    if (!same_channels) {
      map_bytes(two.data(), from, pixels);
      from = two.data();
    }
    kernels_->widen(to, from, samples_out);
    return;
  }
  if (same_channels && output_.bits == 16) {
    kernels_->swap(to, from, samples_in);
    return;
  }
  kernels_->swap(one.data(), from, samples_in);
  std::array<std::uint16_t, block * 4> in;
  std::array<std::uint16_t, block * 4> out;
  std::memcpy(in.data(), one.data(), samples_in * 2);
  map_pixels(channels_in_, channels_out_, out.data(), in.data(), pixels, {has_key_, key_.data(), alpha_});
  if (output_.bits == 16) {
    std::memcpy(to, out.data(), samples_out * 2);
    return;
  }
  for (std::size_t i = 0; i < samples_out; ++i) {
    to[i] = static_cast<std::uint8_t>(out[i] >> 8);
  }
}

void conversion::map_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept {
  const auto alpha = static_cast<std::uint8_t>(alpha_);
  if (!has_key_) {
    switch (channels_in_ * 10 + channels_out_) {
    case 13: return kernels_->gray_to_rgb(to, from, pixels);
    case 14: return kernels_->gray_to_rgba(to, from, pixels, alpha);
    case 31: return kernels_->rgb_to_gray(to, from, pixels);
    case 34: return kernels_->rgb_to_rgba(to, from, pixels, alpha);
    case 43: return kernels_->rgba_to_rgb(to, from, pixels);
    default: break;
    }
  }
  map_pixels(channels_in_, channels_out_, to, from, pixels, {has_key_, key_.data(), alpha_});
}

} // namespace weir::png
