#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace corpus {

/// A photograph: rows of red, green and blue, 8 bits each.
struct photograph {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb;
};

/// Throws std::runtime_error with the path and libjpeg's words.
[[nodiscard]] photograph read_jpeg(const std::string& path);

/// A square of a photograph. It may reach past the edges: behind them the photograph is seen in a mirror.
struct window {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t side = 1;
};

/// The `index`-th window for an image of `size` columns and rows: somewhere in the photograph, as wide as half its shorter side
/// or more; never narrower than the image, so that nothing is ever enlarged. The same on every machine.
[[nodiscard]] window choose_window(const photograph& from, std::uint32_t size, std::uint32_t index);

/// What the window shows, made smaller to `size` columns and rows by averaging: red, green and blue of 16 bits, full scale
/// 65535.
[[nodiscard]] std::vector<std::uint16_t> cut(const photograph& from, const window& w, std::uint32_t size);

} // namespace corpus
