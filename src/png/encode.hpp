#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::png {

/// A PNG to be: for tests, tools and the corpus. Not part of the installed library.
struct picture {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  int bit_depth = 8;
  int color_type = 0; ///< 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA
  bool interlaced = false;
  /// Rows from the top, each padded to a byte, in the file's own form: samples below 8 bits packed from the high bit, samples
  /// of 16 bits big-endian, pixels in order also if interlaced.
  std::vector<std::uint8_t> samples;

  std::vector<std::array<std::uint8_t, 3>> palette; ///< may be shorter than the indices that are used
  std::vector<std::uint8_t> palette_alpha;          ///< tRNS of a palette
  std::optional<std::array<std::uint16_t, 3>> key;  ///< tRNS of gray (the first) or RGB: the transparent color
  std::optional<double> gamma;                      ///< gAMA
  std::optional<int> srgb_intent;                   ///< sRGB
  int level = 6;                                    ///< zlib's, 0 to 9
  int strategy = -1;                                ///< zlib's, or -1: libpng's choice
  int filters = -1;                                 ///< a mask of libpng's PNG_FILTER_*, or -1: libpng's choice
  std::size_t idat_bytes = 8192;                    ///< of compressed data a chunk

  [[nodiscard]] std::size_t row_bytes() const noexcept;
};

/// The file. Throws std::runtime_error with libpng's message if libpng refuses, std::invalid_argument if `samples` has not
/// `row_bytes() * height` bytes.
[[nodiscard]] std::vector<std::uint8_t> encode(const picture& p);

} // namespace weir::png
