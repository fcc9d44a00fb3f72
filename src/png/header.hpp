#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "../memory/segment.hpp"
#include "failure.hpp"
#include <weir/png_options.hpp>
#include <weir/shape.hpp>
#include <weir/stop_flag.hpp>

namespace weir::png {

/// What a PNG says of itself before its pixels.
struct header {
  std::uint32_t width = 0;     ///< columns, 1 to 1,000,000
  std::uint32_t height = 0;    ///< rows, 1 to 1,000,000
  std::uint8_t bit_depth = 0;  ///< 1, 2, 4, 8 or 16 bits a sample (or a palette index)
  std::uint8_t color_type = 0; ///< the bits below
  bool interlaced = false;

  static constexpr unsigned palette_bit = 1; ///< of color_type: samples are indices into a palette
  static constexpr unsigned color_bit = 2;   ///< of color_type: not gray (set for palettes too)
  static constexpr unsigned alpha_bit = 4;   ///< of color_type: an alpha sample follows each pixel's
  [[nodiscard]] constexpr bool has_palette() const noexcept { return (color_type & palette_bit) != 0; }
  [[nodiscard]] constexpr bool has_color() const noexcept { return (color_type & color_bit) != 0; }
  [[nodiscard]] constexpr bool has_alpha() const noexcept { return (color_type & alpha_bit) != 0; }
  friend constexpr bool operator==(const header&, const header&) noexcept = default;
};

/// Bits of a pixel in the file.
constexpr std::size_t pixel_bits(const header& h) noexcept {
  const std::size_t samples = h.has_palette() ? 1 : (h.has_color() ? 3U : 1U) + (h.has_alpha() ? 1U : 0U);
  return samples * h.bit_depth;
}

/// Reads the signature and the header chunk, and checks what libpng checks of them, TensorFlow's limit (width × height < 2^29)
/// and the caller's. Looks at the first 33 bytes only, unless chunks that libpng doesn't know stand before the header: libpng
/// passes over those, so this does, however many; `stop` is looked at between them. A failure's stage is `header`.
/// Where `needs_probe` holds, `max_bytes` is checked here for three channels, and by `probe` for the right number.
/// Any thread. Throws std::bad_alloc only, and only on the way to a failure.
[[nodiscard]] std::variant<header, failure> parse_header(const memory::segment* input, const png_options& options,
                                                         stop_flag stop = {});

/// False: so many chunks stand before the header that to find it may take a while. Throws std::bad_alloc only.
[[nodiscard]] bool header_is_near(const memory::segment* input);

/// True if the number of channels depends on a tRNS chunk that libpng has to accept first: channels as in the file, from a
/// palette. `probe` (reference.hpp) has the answer.
[[nodiscard]] constexpr bool needs_probe(const header& h, const png_options& options) noexcept {
  return options.channels == 0 && h.has_palette();
}

/// The shape that a decode with these options gives. `transparent`: what `probe` found; of no effect where it isn't needed.
[[nodiscard]] shape output_shape(const header& h, const png_options& options, bool transparent = false) noexcept;

/// The failure (stage `header`) of an image that the caller's limits forbid.
[[nodiscard]] std::optional<failure> check_limits(const shape& s, const png_options& options, std::uint64_t offset);

/// Bytes of scratch with which libpng's decode of such a file takes nothing from the heap: libpng's and zlib's state, window,
/// rows and gamma tables, and `ancillary_room` for what else stands in ordinary files. More is taken from the heap
/// (scratch.hpp).
[[nodiscard]] std::size_t reference_scratch_bytes(const header& h, const png_options& options) noexcept;
inline constexpr std::size_t ancillary_room = 8 * 1024;

} // namespace weir::png
