#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "../header.hpp"

namespace weir::png {

/// Which pixels of an image a pass gives: those at `x + i * dx`, `y + j * dy`.
struct pass {
  std::uint32_t x;
  std::uint32_t y;
  std::uint32_t dx;
  std::uint32_t dy;
  [[nodiscard]] constexpr std::uint32_t columns(std::uint32_t width) const noexcept {
    return width <= x ? 0 : (width - x + dx - 1) / dx;
  }
  [[nodiscard]] constexpr std::uint32_t rows(std::uint32_t height) const noexcept {
    return height <= y ? 0 : (height - y + dy - 1) / dy;
  }
};

/// Adam7.
inline constexpr std::array<pass, 7> interlaced_passes = {
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};
inline constexpr pass whole_image = {0, 0, 1, 1};

/// Bytes of a row of so many pixels, without its filter.
constexpr std::size_t row_bytes(const header& h, std::uint32_t columns) noexcept { return (columns * pixel_bits(h) + 7) / 8; }
/// Bytes that the pixels have before they are compressed.
constexpr std::uint64_t raw_bytes(const header& h) noexcept {
  if (!h.interlaced) {
    return (row_bytes(h, h.width) + std::uint64_t{1}) * h.height;
  }
  std::uint64_t sum = 0;
  for (const pass& p : interlaced_passes) {
    if (const std::uint32_t columns = p.columns(h.width); columns > 0) {
      sum += (row_bytes(h, columns) + std::uint64_t{1}) * p.rows(h.height);
    }
  }
  return sum;
}

} // namespace weir::png
