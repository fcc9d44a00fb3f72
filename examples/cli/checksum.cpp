#include "checksum.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <zlib.h>

namespace cli {

namespace {

/// The CRC over pairs of bytes the other way round.
std::uint32_t crc32_swapped(std::span<const std::byte> pixels) {
  std::array<std::byte, 4096> turned{};
  uLong crc = crc32_z(0, nullptr, 0);
  while (!pixels.empty()) {
    const auto piece = pixels.first(std::min(pixels.size(), turned.size()));
    for (std::size_t i = 0; i + 1 < piece.size(); i += 2) {
      turned[i] = piece[i + 1];
      turned[i + 1] = piece[i];
    }
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(turned.data()), piece.size());
    pixels = pixels.subspan(piece.size());
  }
  return static_cast<std::uint32_t>(crc);
}

} // namespace

std::uint32_t crc32_of_pixels(std::span<const std::byte> pixels, unsigned bits) {
  if (bits == 16 && std::endian::native == std::endian::big)
    return crc32_swapped(pixels);
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(pixels.data()), pixels.size()));
}

} // namespace cli
