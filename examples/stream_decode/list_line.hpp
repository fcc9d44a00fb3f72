#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weir/error.hpp>
#include <weir/shape.hpp>

namespace stream_decode {

/// The CRC-32 (zlib's, PNG's) of decoded pixels as they are in memory; 16-bit samples count as little-endian on every machine.
[[nodiscard]] std::uint32_t crc32_of_pixels(std::span<const std::byte> pixels, unsigned bits);

/// A --list line of a good image: "INDEX\tPATH\tWIDTH\tHEIGHT\tCHANNELS\tBITS\tCRC32\n".
[[nodiscard]] std::string list_line(std::uint64_t index, std::string_view path, const weir::shape& shape, std::uint32_t crc32);

/// A --list line of a failed input: "INDEX\tPATH\terror\tSTAGE\tMESSAGE\n".
[[nodiscard]] std::string list_error_line(std::uint64_t index, std::string_view path, weir::stage where,
                                          std::string_view message);

/// TAB, newline and backslash as \t, \n and \\; other bytes as they are.
[[nodiscard]] std::string escaped(std::string_view text);

} // namespace stream_decode
