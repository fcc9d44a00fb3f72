#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "../header.hpp"
#include "chunk_reader.hpp"

namespace weir::png {

/// What stands before and behind a PNG's pixels, read by rules that are stricter than libpng's: true means that libpng takes
/// all of it without a warning, and that what is told here is what it makes of it. Of chunks before the pixels that take more
/// than a look (profiles, compressed texts), and change no pixel, it is only said that they are there.
class ancillary {
public:
  /// Reads on from the signature to the first IDAT, the data of which is next. `h` is what the header says.
  [[nodiscard]] bool read_before_pixels(chunk_reader& in, const header& h) noexcept;
  /// Reads on from the chunk behind the pixels, whose start has been read, to the end of the PNG.
  [[nodiscard]] bool read_after_pixels(chunk_reader& in, const header& h) noexcept;

  std::array<std::uint8_t, std::size_t{256} * 3> palette; ///< RGB, of so many colors:
  std::size_t palette_size = 0;
  std::array<std::uint8_t, 256> alphas; ///< of the palette's colors; 255 where the file says nothing
  std::array<std::uint16_t, 3> key{};   ///< the transparent color, or gray at 0
  bool transparent = false;             ///< it has a tRNS chunk: alphas or key
  bool for_libpng = false; ///< there are chunks before the pixels that libpng may have a word on: an error, or a warning
  bool light = false;      ///< says something of gamma or primaries, which matters where gray is made from color

private:
  [[nodiscard]] bool read_one(chunk_reader& in, const header& h) noexcept;
  [[nodiscard]] bool read_palette(chunk_reader& in, const header& h) noexcept;
  [[nodiscard]] bool read_transparency(chunk_reader& in, const header& h) noexcept;
  [[nodiscard]] bool read_small(chunk_reader& in, const header& h) noexcept;
  [[nodiscard]] bool read_text(chunk_reader& in) noexcept;
  [[nodiscard]] bool ask_libpng(chunk_reader& in) noexcept;
  [[nodiscard]] bool first(std::uint32_t once) noexcept;

  std::uint32_t seen_ = 0; // flags of the chunks that may be there once
  bool pixels_seen_ = false;
  std::size_t texts_ = 0;
  std::uint64_t bytes_ = 0; // of chunks that are only passed over
};

} // namespace weir::png
