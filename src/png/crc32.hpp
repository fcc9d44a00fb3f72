#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::png {

namespace detail {
constexpr std::array<std::uint32_t, 256> make_crc_table() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t c = n;
    for (int bit = 0; bit < 8; ++bit) {
      c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
    }
    table[n] = c;
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();
} // namespace detail

/// The checksum of a PNG chunk: over its name and data. A byte at a time: meant for the 17 bytes of a header.
constexpr std::uint32_t crc32(const std::uint8_t* data, std::size_t size) noexcept {
  std::uint32_t c = 0xFFFFFFFFU;
  for (std::size_t i = 0; i < size; ++i) {
    c = detail::crc_table[(c ^ data[i]) & 0xFFU] ^ (c >> 8);
  }
  return ~c;
}

} // namespace weir::png
