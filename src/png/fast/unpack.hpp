#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir::png {

/// Spreads the pixels of bytes that hold 8 / Depth of them, the first one highest, to a byte each, times `factor` (whose
/// product with the largest is a byte). `from` begins with a whole byte. Writes `pixels` bytes.
template<unsigned Depth>
void unpack(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t factor) noexcept {
  static_assert(Depth == 1 || Depth == 2 || Depth == 4);
  constexpr std::size_t in_byte = 8 / Depth;
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t largest = (1U << Depth) - 1;
  // Of eight pixels, the first one in the lowest byte.
  const auto eight = [](const std::uint8_t* at) noexcept {
    if constexpr (Depth == 1) {
      const std::uint64_t bits = at[0] * each & 0x0102040810204080; // its own bit in each
      return (bits + 0x7F * each) >> 7 & each;
    } else if constexpr (Depth == 2) {
      const std::uint64_t two = at[0] | std::uint64_t{at[1]} << 32;
      const std::uint64_t nibbles = (two >> 4 | two << 16) & 0x000F000F000F000F;
      return (nibbles >> 2 | nibbles << 8) & largest * each;
    } else {
      std::uint64_t four = at[0] | std::uint64_t{at[1]} << 16 | std::uint64_t{at[2]} << 32 | std::uint64_t{at[3]} << 48;
      return (four >> 4 | four << 8) & largest * each;
    }
  };
  std::size_t i = 0;
  for (; i + 8 <= pixels; i += 8) {
    std::uint64_t v = eight(from + i / in_byte) * factor;
    if constexpr (std::endian::native == std::endian::big) {
      v = __builtin_bswap64(v);
    }
    std::memcpy(to + i, &v, sizeof(v));
  }
  for (; i < pixels; ++i) {
    const std::size_t shift = (in_byte - 1 - i % in_byte) * Depth;
    to[i] = static_cast<std::uint8_t>((from[i / in_byte] >> shift & largest) * factor);
  }
}

inline void unpack(unsigned depth, std::uint8_t* to, const std::uint8_t* from, std::size_t pixels,
                   std::uint8_t factor) noexcept {
  switch (depth) {
  case 1: return unpack<1>(to, from, pixels, factor);
  case 2: return unpack<2>(to, from, pixels, factor);
  default: return unpack<4>(to, from, pixels, factor);
  }
}

} // namespace weir::png
