#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plain {

/// What libpng makes of a file, under the calls that weir::decode_png documents, written down here once more and apart from
/// the library: the baseline that it is timed and compared with.
struct image {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  unsigned channels = 0;
  std::string error;        ///< empty: decoded
  bool header_read = false; ///< with `error`
};

/// Decodes into `pixels`, which only ever grows; the image is at its start, rows packed, 16-bit samples in native order.
[[nodiscard]] image decode(std::span<const std::byte> file, int channels, int bits, std::vector<std::byte>& pixels);

} // namespace plain
