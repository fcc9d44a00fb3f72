#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../../src/png/crc32.hpp"

/// Taking PNG files apart and putting them together wrongly, for tests and the corpus.
namespace weir::chunks {

using bytes = std::vector<std::uint8_t>;

inline void put(bytes& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

inline std::uint32_t get(const bytes& from, std::size_t at) {
  return std::uint32_t{from.at(at)} << 24 | std::uint32_t{from.at(at + 1)} << 16 | std::uint32_t{from.at(at + 2)} << 8 |
         from.at(at + 3);
}

/// A whole chunk with its right checksum.
inline bytes make(std::string_view name, const bytes& data) {
  bytes chunk;
  put(chunk, static_cast<std::uint32_t>(data.size()));
  chunk.insert(chunk.end(), name.begin(), name.end());
  chunk.insert(chunk.end(), data.begin(), data.end());
  put(chunk, png::crc32(chunk.data() + 4, chunk.size() - 4));
  return chunk;
}

inline bytes text(std::string_view s) { return {s.begin(), s.end()}; }

struct place {
  std::string name;
  std::size_t start;  ///< of the length before the name
  std::size_t length; ///< of the data
  [[nodiscard]] std::size_t data() const { return start + 8; }
  [[nodiscard]] std::size_t end() const { return start + 12 + length; }
};

inline std::vector<place> all(const bytes& file) {
  std::vector<place> found;
  for (std::size_t at = 8; at + 12 <= file.size(); at = found.back().end()) {
    found.push_back(
        {std::string(file.begin() + static_cast<std::ptrdiff_t>(at) + 4, file.begin() + static_cast<std::ptrdiff_t>(at) + 8),
         at, get(file, at)});
  }
  return found;
}

inline place find(const bytes& file, std::string_view name) {
  for (const place& p : all(file)) {
    if (p.name == name) {
      return p;
    }
  }
  throw std::out_of_range("no such chunk: " + std::string(name));
}

inline bytes insert(bytes file, std::size_t at, const bytes& what) {
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), what.begin(), what.end());
  return file;
}
inline bytes insert_before(const bytes& file, std::string_view name, const bytes& what) {
  return insert(file, find(file, name).start, what);
}
inline bytes insert_after(const bytes& file, std::string_view name, const bytes& what) {
  return insert(file, find(file, name).end(), what);
}

inline bytes erase(bytes file, std::string_view name) {
  const place p = find(file, name);
  file.erase(file.begin() + static_cast<std::ptrdiff_t>(p.start), file.begin() + static_cast<std::ptrdiff_t>(p.end()));
  return file;
}

inline bytes cut(bytes file, std::size_t size) {
  file.resize(std::min(size, file.size()));
  return file;
}

/// Makes the checksum of the chunk at `p` right.
inline void seal(bytes& file, const place& p) {
  bytes crc;
  put(crc, png::crc32(file.data() + p.start + 4, p.length + 4));
  std::copy(crc.begin(), crc.end(), file.begin() + static_cast<std::ptrdiff_t>(p.data() + p.length));
}

inline bytes break_crc(bytes file, std::string_view name) {
  const place p = find(file, name);
  file.at(p.end() - 1) ^= 1;
  return file;
}

/// Sets a byte of a chunk's data, and its checksum with it.
inline bytes set(bytes file, std::string_view name, std::size_t at, std::uint8_t value) {
  const place p = find(file, name);
  file.at(p.data() + at) = value;
  seal(file, p);
  return file;
}

/// Gives the header another size.
inline bytes resized(bytes file, std::uint32_t width, std::uint32_t height) {
  bytes sides;
  put(sides, width);
  put(sides, height);
  const place p = find(file, "IHDR");
  std::copy(sides.begin(), sides.end(), file.begin() + static_cast<std::ptrdiff_t>(p.data()));
  seal(file, p);
  return file;
}

/// The wrong Adler-32 at the end of the pixels (the last IDAT has the four bytes).
inline bytes break_adler(bytes file) {
  const std::vector<place> found = all(file);
  const auto last = std::find_if(found.rbegin(), found.rend(), [](const place& p) { return p.name == "IDAT"; });
  file.at(last->data() + last->length - 1) ^= 1;
  seal(file, *last);
  return file;
}

} // namespace weir::chunks
