#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <vector>

#include <weir/png_options.hpp>

namespace weir::emulated {

using bytes = std::vector<std::uint8_t>;

/// A file, how it is decoded, and what one machine makes of it, told to another (of the same byte order).
struct told_case {
  struct terms {
    std::uint32_t channels = 0;
    std::uint32_t bits = 0;
    std::uint32_t segment = 0;     ///< bytes of the file a segment
    std::uint32_t offset = 0;      ///< of the first row, from a cache line's start
    std::uint32_t transparent = 0; ///< as output_shape wants to know
    std::uint32_t claimed = 0;     ///< the fast decoder takes it, and libpng gives the pixels that follow
  };
  terms how;
  bytes file;
  bytes pixels; ///< with `claimed`

  [[nodiscard]] png_options options() const {
    return {.channels = static_cast<int>(how.channels), .bits = static_cast<int>(how.bits)};
  }
};

inline void write(std::FILE* to, const void* data, std::size_t size) {
  if (std::fwrite(data, 1, size, to) != size) {
    throw std::runtime_error("a case can't be written");
  }
}

inline void write(std::FILE* to, const told_case& c) {
  write(to, &c.how, sizeof(c.how));
  for (const bytes* each : {&c.file, &c.pixels}) {
    const auto size = static_cast<std::uint32_t>(each->size());
    write(to, &size, sizeof(size));
    write(to, each->data(), size);
  }
}

inline void read(std::FILE* from, void* data, std::size_t size) {
  if (std::fread(data, 1, size, from) != size) {
    throw std::runtime_error("a case ends early");
  }
}

/// The next one; nothing at the end of the file.
inline std::optional<told_case> read_case(std::FILE* from) {
  const int next = std::fgetc(from);
  if (next == EOF) {
    return std::nullopt;
  }
  std::ungetc(next, from);
  told_case c;
  read(from, &c.how, sizeof(c.how));
  for (bytes* each : {&c.file, &c.pixels}) {
    std::uint32_t size = 0;
    read(from, &size, sizeof(size));
    each->resize(size);
    read(from, each->data(), size);
  }
  return c;
}

} // namespace weir::emulated
