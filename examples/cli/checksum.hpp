#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cli {

/// The CRC-32 (zlib's, PNG's) of decoded pixels as they are in memory; 16-bit samples count as little-endian on every machine.
[[nodiscard]] std::uint32_t crc32_of_pixels(std::span<const std::byte> pixels, unsigned bits);

} // namespace cli
