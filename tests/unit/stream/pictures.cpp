#include "pictures.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "png/encode.hpp"

namespace weir::test {

namespace {

std::uint32_t big_endian(const std::uint8_t* at) noexcept {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}
void append_big_endian(std::vector<std::uint8_t>& to, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(v >> shift));
  }
}

std::uint32_t crc32_of(const std::uint8_t* at, std::size_t size) noexcept {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= at[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
    }
  }
  return ~crc;
}

constexpr std::size_t signature = 8;
constexpr std::size_t header = signature + 25; // IHDR is the first chunk

} // namespace

std::array<std::uint8_t, 3> color_of(std::uint64_t index) noexcept {
  const std::uint64_t n = index + 1;
  return {static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(255 - n % 251)};
}

std::vector<std::uint8_t> one_color(std::uint32_t width, std::uint32_t height, std::array<std::uint8_t, 3> color) {
  png::picture p;
  p.width = width;
  p.height = height;
  p.color_type = 2;
  p.level = 1;
  p.samples.resize(std::size_t{width} * height * 3);
  for (std::size_t i = 0; i < p.samples.size(); ++i) {
    p.samples[i] = color[i % 3];
  }
  return png::encode(p);
}

std::vector<std::uint8_t> with_ballast(std::vector<std::uint8_t> png, std::size_t bytes) {
  std::vector<std::uint8_t> chunk;
  append_big_endian(chunk, static_cast<std::uint32_t>(bytes));
  for (const char c : {'w', 'e', 'I', 'r'}) {
    chunk.push_back(static_cast<std::uint8_t>(c));
  }
  chunk.resize(chunk.size() + bytes, 0x5A);
  append_big_endian(chunk, crc32_of(chunk.data() + 4, bytes + 4));
  png.insert(png.begin() + header, chunk.begin(), chunk.end());
  return png;
}

std::vector<std::uint8_t> broken_at_its_end(std::vector<std::uint8_t> png) {
  std::size_t last = 0;
  for (std::size_t at = signature; at + 12 <= png.size(); at += 12 + big_endian(&png[at])) {
    if (std::memcmp(&png[at + 4], "IDAT", 4) == 0) {
      last = at;
    }
  }
  png[last + 8 + big_endian(&png[last])] ^= 0xFF;
  return png;
}

void write_file(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) {
    throw std::runtime_error("can't write " + path);
  }
}

picture_set::picture_set(std::vector<entry> entries) : entries_(std::move(entries)) {
  std::string name = (std::filesystem::temp_directory_path() / "weir-stream-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("can't make a temporary directory");
  }
  directory_ = name;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const entry& e = entries_[i];
    paths_.push_back((directory_ / (std::to_string(i) + ".png")).string());
    switch (e.is) {
    case content::good: write_file(paths_.back(), one_color(e.width, e.height, color_of(i))); break;
    case content::broken_late: write_file(paths_.back(), broken_at_its_end(one_color(e.width, e.height, color_of(i)))); break;
    case content::broken_head: write_file(paths_.back(), {'n', 'o', ' ', 'p', 'i', 'c', 't', 'u', 'r', 'e'}); break;
    case content::missing: break;
    }
  }
}

picture_set::~picture_set() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool shows(const weir::image& im, std::uint64_t index) {
  std::array<std::uint8_t, 3> color{};
  if (!im.blank()) {
    color = color_of(index);
  }
  const std::span<const std::byte> pixels = im.pixels();
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] != std::byte{color[i % 3]}) {
      return false;
    }
  }
  return true;
}

watchdog::watchdog(unsigned seconds) noexcept { alarm(seconds); }
watchdog::~watchdog() { alarm(0); }

} // namespace weir::test
