#pragma once

#include <cstdint>

namespace weir {

/// What `decode_png` shall make of a file. The result is that of `tf.io.decode_png` with the same channels and dtype, bit for
/// bit.
struct png_options {
  int channels = 0; ///< 0: as in the file; 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA. Else std::invalid_argument where it is given
  int bits = 8;     ///< 8 or 16. Else std::invalid_argument where it is given

  // Limits, looked at on the header, before any memory is taken. Those of libpng (1,000,000 a side) and of TensorFlow
  // (width × height < 2^29) hold besides.
  std::uint64_t max_pixels = std::uint64_t{1} << 29; ///< width × height of at most this
  std::uint64_t max_bytes = ~std::uint64_t{0};       ///< decoded bytes of at most this

  bool use_libpng = false; ///< for every file, also where a faster decoder gives the same
};

} // namespace weir
