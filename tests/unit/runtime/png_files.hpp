#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "png/encode.hpp"

namespace weir::test {

/// A PNG file's bytes: RGB, each row of another color.
inline std::vector<std::uint8_t> png_bytes(std::uint32_t width, std::uint32_t height, unsigned seed = 1) {
  png::picture p;
  p.width = width;
  p.height = height;
  p.color_type = 2;
  p.level = 1;
  p.samples.resize(p.row_bytes() * height);
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::uint8_t& s : p.samples) {
    state = state * 1664525U + 1013904223U;
    s = static_cast<std::uint8_t>(state >> 24U);
  }
  return png::encode(p);
}

/// A directory of PNG files that goes when the test ends.
class png_directory {
public:
  png_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-runtime-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      std::abort();
    }
    path_ = name;
  }
  png_directory(const png_directory&) = delete;
  png_directory& operator=(const png_directory&) = delete;
  ~png_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string png(std::uint32_t width, std::uint32_t height) {
    const auto bytes = png_bytes(width, height, static_cast<unsigned>(paths.size()));
    return file(std::string(bytes.begin(), bytes.end()));
  }
  std::string file(const std::string& bytes) {
    const std::string name = next_name();
    std::ofstream(name, std::ios::binary) << bytes;
    return name;
  }
  /// A file whose reading doesn't end by itself.
  std::string fifo() {
    const std::string name = next_name();
    if (::mkfifo(name.c_str(), 0600) != 0) {
      std::abort();
    }
    return name;
  }

  std::vector<std::string> paths; ///< of all that was made, in order

private:
  std::string next_name() {
    paths.push_back(path_ + "/" + std::to_string(1000 + paths.size()) + ".png");
    return paths.back();
  }
  std::string path_;
};

} // namespace weir::test
