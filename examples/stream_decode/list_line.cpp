#include "list_line.hpp"

#include <fmt/format.h>

#include "cli/readable.hpp"

namespace stream_decode {

std::string list_line(std::uint64_t index, std::string_view path, const weir::shape& shape, std::uint32_t crc32) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{:08x}\n", index, cli::escaped(path), shape.width, shape.height, shape.channels,
                     shape.bits, crc32);
}

std::string list_error_line(std::uint64_t index, std::string_view path, weir::stage where, std::string_view message) {
  return fmt::format("{}\t{}\terror\t{}\t{}\n", index, cli::escaped(path), to_string(where), cli::escaped(message));
}

} // namespace stream_decode
