#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::png::kernels {

/// Undoes a row's filter, or the part of one that `bytes` says: out of `from`, into `to`. `above` is the finished row above, at
/// the same place. `first`: the part begins the row; else the pixel to the left stands before `to` (and the one above it before
/// `above`). No memory is touched but what that names. `to` overlaps nothing.
using unfilter = void (*)(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                          bool first) noexcept;

/// A row, and what it is made of.
struct row {
  std::uint8_t* to;
  const std::uint8_t* from;
};

/// Undoes the filters of `count` whole rows, each of which is below the one before it, as `unfilter` would one after the other.
/// `above` is the finished row above the first.
using unfilter_rows = void (*)(const row* rows, std::size_t count, const std::uint8_t* above, std::size_t bytes) noexcept;

/// Turns `pixels` pixels (or samples, where the pixel has one) into others, out of `from` into `to`, which don't overlap.
using convert = void (*)(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept;

/// The same where an alpha sample of one value is added.
using convert_alpha = void (*)(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept;

/// Looks up pixels of `4 * 256` bytes of palette, four bytes a color of which the first three or all are stored.
using expand = void (*)(std::uint8_t* to, const std::uint8_t* indices, std::size_t pixels,
                        const std::uint32_t* colors) noexcept;

/// The sizes of a pixel, in bytes, that filters work on. Of smaller ones it is 1.
inline constexpr std::array<std::size_t, 6> pixel_sizes = {1, 2, 3, 4, 6, 8};
constexpr std::size_t size_index(std::size_t pixel_bytes) noexcept {
  return pixel_bytes <= 4 ? pixel_bytes - 1 : pixel_bytes / 2 + 1;
}

/// How many rows an `unfilter_rows` takes, by the size of a pixel.
inline constexpr std::size_t most_rows = 8;
inline constexpr std::array<std::size_t, pixel_sizes.size()> rows_together = {8, 8, 4, 4, 2, 2};

/// A kernel for each thing that a decode does to rows. Those of every set give the same bytes.
struct set {
  const char* name;
  bool avx2_bmi2; ///< the processor has these instructions
  std::array<unfilter, pixel_sizes.size()> sub;
  unfilter up; ///< for pixels of all sizes
  std::array<unfilter, pixel_sizes.size()> average;
  std::array<unfilter, pixel_sizes.size()> paeth;
  std::array<unfilter_rows, pixel_sizes.size()> paeth_rows; ///< in one row, each pixel waits for the one before it

  // Samples of 8 bits.
  convert gray_to_rgb;
  convert rgb_to_gray; ///< by libpng's weights
  convert rgba_to_rgb;
  convert_alpha rgb_to_rgba;
  convert_alpha gray_to_rgba;
  expand palette_to_rgb;
  expand palette_to_rgba;
  // Between 8 and 16 bits; big-endian is a PNG's, native is the output's. A sample is a pixel here.
  convert high_bytes; ///< of big-endian samples
  convert swap;       ///< from big-endian to native (a copy on a big-endian machine)
  convert widen;      ///< × 257, native
};

/// The reference of all others.
[[nodiscard]] const set& scalar() noexcept;

/// The sets that this processor can run, from the slowest (scalar) to the fastest; null behind the last, if these are not as
/// many as any processor's.
inline constexpr std::size_t most_sets = 4;
[[nodiscard]] std::array<const set*, most_sets> usable() noexcept;

/// The last of those.
[[nodiscard]] const set& best() noexcept;

} // namespace weir::png::kernels
