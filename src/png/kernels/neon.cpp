#include "arm.hpp"

#if defined(__AARCH64EL__)

#include <cstring>

#include <arm_neon.h>

namespace weir::png::kernels {
namespace {

// The bytes that a pixel is loaded and stored with, where something may follow it: those of a word.
template<std::size_t Pixel> constexpr std::size_t word = Pixel <= 2 ? Pixel : Pixel <= 4 ? 4 : 8;

// A pixel in the low bytes. `last`: nothing behind it may be touched.
template<std::size_t Pixel> inline uint8x8_t load_pixel(const std::uint8_t* from, bool last) noexcept {
  std::uint64_t v = 0;
  if (last) {
    std::memcpy(&v, from, Pixel);
  } else {
    std::memcpy(&v, from, word<Pixel>);
  }
  return vcreate_u8(v);
}

template<std::size_t Pixel> inline void store_pixel(std::uint8_t* to, uint8x8_t pixel, bool last) noexcept {
  const std::uint64_t v = vget_lane_u64(vreinterpret_u64_u8(pixel), 0);
  if (last) {
    std::memcpy(to, &v, Pixel);
  } else {
    std::memcpy(to, &v, word<Pixel>);
  }
}

template<std::size_t Pixel>
void sub(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* /*above*/, std::size_t bytes, bool first) noexcept {
  uint8x8_t left = first ? vdup_n_u8(0) : load_pixel<Pixel>(to - Pixel, true);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    left = vadd_u8(left, load_pixel<Pixel>(from + i, false));
    store_pixel<Pixel>(to + i, left, false);
  }
  if (i < bytes) {
    store_pixel<Pixel>(to + i, vadd_u8(left, load_pixel<Pixel>(from + i, true)), true);
  }
}

void up(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    vst1q_u8(to + i, vaddq_u8(vld1q_u8(above + i), vld1q_u8(from + i)));
  }
  scalar().up(to + i, from + i, above + i, bytes - i, first);
}

template<std::size_t Pixel>
inline void average_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, uint8x8_t& left,
                         bool last) noexcept {
  left = vadd_u8(vhadd_u8(left, load_pixel<Pixel>(above, last)), load_pixel<Pixel>(from, last));
  store_pixel<Pixel>(to, left, last);
}

template<std::size_t Pixel>
void average(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  uint8x8_t left = first ? vdup_n_u8(0) : load_pixel<Pixel>(to - Pixel, true);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    average_step<Pixel>(to + i, from + i, above + i, left, false);
  }
  if (i < bytes) {
    average_step<Pixel>(to + i, from + i, above + i, left, true);
  }
}

inline uint16x8_t add_bytes(uint16x8_t a, uint16x8_t b) noexcept {
  return vreinterpretq_u16_u8(vaddq_u8(vreinterpretq_u8_u16(a), vreinterpretq_u8_u16(b)));
}

// All pixels with a zero byte above each byte. What doesn't depend on the pixel to the left is off the chain from one pixel to
// the next, which is a distance, a minimum, a comparison and a choice long.
inline uint16x8_t paeth_pixels(uint16x8_t x, uint16x8_t left, uint16x8_t b, uint16x8_t corner) noexcept {
  const uint16x8_t to_left = vabdq_u16(b, corner);
  const uint16x8_t to_above = vabdq_u16(left, corner);
  const int16x8_t mirrored = vreinterpretq_s16_u16(vsubq_u16(vaddq_u16(corner, corner), b)); // may be below zero
  const uint16x8_t to_corner = vreinterpretq_u16_s16(vabdq_s16(vreinterpretq_s16_u16(left), mirrored));
  const uint16x8_t other = vbslq_u16(vcgtq_u16(to_above, to_corner), add_bytes(corner, x), add_bytes(b, x));
  return vbslq_u16(vcgtq_u16(to_left, vminq_u16(to_above, to_corner)), other, add_bytes(left, x));
}

template<std::size_t Pixel>
inline void paeth_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, uint16x8_t& left,
                       uint16x8_t& corner, bool last) noexcept {
  const uint16x8_t b = vmovl_u8(load_pixel<Pixel>(above, last));
  left = paeth_pixels(vmovl_u8(load_pixel<Pixel>(from, last)), left, b, corner);
  corner = b;
  store_pixel<Pixel>(to, vmovn_u16(left), last);
}

template<std::size_t Pixel>
void paeth(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  uint16x8_t left = first ? vdupq_n_u16(0) : vmovl_u8(load_pixel<Pixel>(to - Pixel, true));
  uint16x8_t corner = first ? vdupq_n_u16(0) : vmovl_u8(load_pixel<Pixel>(above - Pixel, true));
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, false);
  }
  if (i < bytes) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, true);
  }
}

// Pixels of two rows in the halves of a vector: one of the row itself, and the one two before it of the row below. What that
// has above it has then been there for a step, and isn't waited for.
class two_rows {
public:
  // `b`, `x`, `x_below`: above the row's pixel, of the row itself, of the row below; zero where there is none.
  uint8x8_t step(uint8x8_t b, uint8x8_t x, uint8x8_t x_below) noexcept {
    const uint16x8_t both = vcombine_u16(vget_low_u16(vmovl_u8(b)), vget_low_u16(before_));
    const uint32x2_t both_x = vzip1_u32(vreinterpret_u32_u8(x), vreinterpret_u32_u8(x_below));
    before_ = left_;
    left_ = paeth_pixels(vmovl_u8(vreinterpret_u8_u32(both_x)), left_, both, corner_);
    corner_ = both;
    return vmovn_u16(left_);
  }

private:
  uint16x8_t left_ = vdupq_n_u16(0);
  uint16x8_t corner_ = vdupq_n_u16(0);
  uint16x8_t before_ = vdupq_n_u16(0); // the one to the left of left_
};

inline uint8x8_t below(uint8x8_t pixels) noexcept { return vext_u8(pixels, pixels, 4); }

template<std::size_t Pixel>
void paeth_two(std::uint8_t* to, std::uint8_t* to_below, const std::uint8_t* from, const std::uint8_t* from_below,
               const std::uint8_t* above, std::size_t bytes) noexcept {
  static_assert(Pixel <= 4);
  constexpr std::size_t behind = 2 * Pixel;
  const uint8x8_t none = vdup_n_u8(0);
  two_rows rows;
  std::size_t i = 0;
  for (; i + Pixel < bytes && i < behind; i += Pixel) {
    store_pixel<Pixel>(to + i, rows.step(load_pixel<Pixel>(above + i, false), load_pixel<Pixel>(from + i, false), none), false);
  }
  for (; i + Pixel < bytes; i += Pixel) {
    const uint8x8_t pixels = rows.step(load_pixel<Pixel>(above + i, false), load_pixel<Pixel>(from + i, false),
                                       load_pixel<Pixel>(from_below + i - behind, false));
    store_pixel<Pixel>(to + i, pixels, false);
    store_pixel<Pixel>(to_below + i - behind, below(pixels), false);
  }
  // The row's last one, and up to three that are left of the row below.
  for (const std::size_t end = i + behind; i <= end; i += Pixel) {
    const bool inside = i < bytes;
    const bool last = i == end;
    const bool starts = i < behind;
    const uint8x8_t pixels =
        rows.step(inside ? load_pixel<Pixel>(above + i, true) : none, inside ? load_pixel<Pixel>(from + i, true) : none,
                  starts ? none : load_pixel<Pixel>(from_below + i - behind, last));
    if (inside) {
      store_pixel<Pixel>(to + i, pixels, true);
    }
    if (!starts) {
      store_pixel<Pixel>(to_below + i - behind, below(pixels), last);
    }
  }
}

// Two at a time.
template<std::size_t Pixel>
void paeth_rows(const row* rows, std::size_t count, const std::uint8_t* above, std::size_t bytes) noexcept {
  const row* const end = rows + count;
  if constexpr (Pixel <= 4) {
    for (; end - rows >= 2; above = rows[1].to, rows += 2) {
      paeth_two<Pixel>(rows[0].to, rows[1].to, rows[0].from, rows[1].from, above, bytes);
    }
  }
  for (const unfilter one = Pixel == 1 ? scalar().paeth[0] : paeth<Pixel>; rows != end; above = rows++->to) {
    one(rows->to, rows->from, above, bytes, true);
  }
}

void gray_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const uint8x16_t v = vld1q_u8(from + i);
    const uint8x16x3_t rgb{{v, v, v}};
    vst3q_u8(to + 3 * i, rgb);
  }
  scalar().gray_to_rgb(to + 3 * i, from + i, pixels - i);
}

inline uint8x8_t gray_of(uint8x8_t red, uint8x8_t green, uint8x8_t blue) noexcept {
  const uint16x8_t r = vmovl_u8(red);
  const uint16x8_t g = vmovl_u8(green);
  const uint16x8_t b = vmovl_u8(blue);
  const auto weighted = [](uint16x4_t r4, uint16x4_t g4, uint16x4_t b4) {
    return vshrn_n_u32(vmlal_n_u16(vmlal_n_u16(vmull_n_u16(r4, 9797), g4, 19234), b4, 3737), 15);
  };
  return vmovn_u16(vcombine_u16(weighted(vget_low_u16(r), vget_low_u16(g), vget_low_u16(b)),
                                weighted(vget_high_u16(r), vget_high_u16(g), vget_high_u16(b))));
}

void rgb_to_gray(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= pixels; i += 8) {
    const uint8x8x3_t rgb = vld3_u8(from + 3 * i);
    vst1_u8(to + i, gray_of(rgb.val[0], rgb.val[1], rgb.val[2]));
  }
  scalar().rgb_to_gray(to + i, from + 3 * i, pixels - i);
}

void rgba_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const uint8x16x4_t rgba = vld4q_u8(from + 4 * i);
    const uint8x16x3_t rgb{{rgba.val[0], rgba.val[1], rgba.val[2]}};
    vst3q_u8(to + 3 * i, rgb);
  }
  scalar().rgba_to_rgb(to + 3 * i, from + 4 * i, pixels - i);
}

void rgb_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  const uint8x16_t alphas = vdupq_n_u8(alpha);
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const uint8x16x3_t rgb = vld3q_u8(from + 3 * i);
    const uint8x16x4_t rgba{{rgb.val[0], rgb.val[1], rgb.val[2], alphas}};
    vst4q_u8(to + 4 * i, rgba);
  }
  scalar().rgb_to_rgba(to + 4 * i, from + 3 * i, pixels - i, alpha);
}

void gray_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  const uint8x16_t alphas = vdupq_n_u8(alpha);
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const uint8x16_t v = vld1q_u8(from + i);
    const uint8x16x4_t rgba{{v, v, v, alphas}};
    vst4q_u8(to + 4 * i, rgba);
  }
  scalar().gray_to_rgba(to + 4 * i, from + i, pixels - i, alpha);
}

void high_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= samples; i += 16) {
    vst1q_u8(to + i, vuzp1q_u8(vld1q_u8(from + 2 * i), vld1q_u8(from + 2 * i + 16)));
  }
  scalar().high_bytes(to + i, from + 2 * i, samples - i);
}

void swap(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= samples; i += 8) {
    vst1q_u8(to + 2 * i, vrev16q_u8(vld1q_u8(from + 2 * i)));
  }
  scalar().swap(to + 2 * i, from + 2 * i, samples - i);
}

void widen(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= samples; i += 16) {
    const uint8x16_t v = vld1q_u8(from + i);
    vst1q_u8(to + 2 * i, vzip1q_u8(v, v));
    vst1q_u8(to + 2 * i + 16, vzip2q_u8(v, v));
  }
  scalar().widen(to + 2 * i, from + i, samples - i);
}

// Scalar's: a palette of 1 KiB, which is more than the registers of a table look-up hold; and single bytes in one row, each of
// which waits for the one before it, and waits longer for a vector.
set make() noexcept {
  set s = scalar();
  s.name = "neon";
  s.sub = {s.sub[0], s.sub[1], sub<3>, sub<4>, sub<6>, sub<8>};
  s.up = up;
  s.average = {s.average[0], s.average[1], average<3>, average<4>, average<6>, average<8>};
  s.paeth = {s.paeth[0], paeth<2>, paeth<3>, paeth<4>, paeth<6>, paeth<8>};
  s.paeth_rows = {paeth_rows<1>, paeth_rows<2>, paeth_rows<3>, paeth_rows<4>, paeth_rows<6>, paeth_rows<8>};
  s.gray_to_rgb = gray_to_rgb;
  s.rgb_to_gray = rgb_to_gray;
  s.rgba_to_rgb = rgba_to_rgb;
  s.rgb_to_rgba = rgb_to_rgba;
  s.gray_to_rgba = gray_to_rgba;
  s.high_bytes = high_bytes;
  s.swap = swap;
  s.widen = widen;
  return s;
}

} // namespace

const set& neon() noexcept {
  static const set s = make();
  return s;
}

} // namespace weir::png::kernels

#endif
