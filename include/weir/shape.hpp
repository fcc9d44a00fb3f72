#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// The shape of a decoded image: rows × columns × channels, packed, channels innermost (HWC). Samples of 16 bits are in native
/// byte order.
struct shape {
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  std::uint8_t channels = 0; ///< 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA
  std::uint8_t bits = 8;     ///< a sample's: 8 or 16

  [[nodiscard]] constexpr std::uint64_t row_bytes() const noexcept { return std::uint64_t{width} * channels * (bits / 8U); }
  [[nodiscard]] constexpr std::uint64_t bytes() const noexcept { return row_bytes() * height; }
  friend constexpr bool operator==(const shape&, const shape&) noexcept = default;
};

} // namespace weir
