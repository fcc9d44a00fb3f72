#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/error.hpp>
#include <weir/shape.hpp>

namespace stream_decode {

/// A --list line of a good image: "INDEX\tPATH\tWIDTH\tHEIGHT\tCHANNELS\tBITS\tCRC32\n".
[[nodiscard]] std::string list_line(std::uint64_t index, std::string_view path, const weir::shape& shape, std::uint32_t crc32);

/// A --list line of a failed input: "INDEX\tPATH\terror\tSTAGE\tMESSAGE\n".
[[nodiscard]] std::string list_error_line(std::uint64_t index, std::string_view path, weir::stage where,
                                          std::string_view message);

} // namespace stream_decode
