#pragma once

#include <cstdint>
#include <vector>

#include "../../src/png/encode.hpp"
#include "deflate_writer.hpp"
#include "dice.hpp"
#include "scanlines.hpp"

namespace weir::forge {

/// How compressed data is cut into IDAT chunks.
enum class cutting : std::uint8_t {
  whole,
  large,   ///< as libpng's, 8192 bytes each
  random,  ///< up to 300 bytes
  tiny,    ///< up to 3 bytes, and none
  by_byte, ///< a byte each
  header,  ///< the stream's two bytes, and the rest
  tail,    ///< all but the last one to five bytes, and each of those
  count
};

/// How a file is written: the choices that don't change the picture, and flaws that do.
struct manner {
  filtering filters = filtering::mixed;
  bool by_zlib = true;
  zlib_manner zlib;
  block_manner blocks; ///< of this writer's own compressor, without `by_zlib`
  cutting idat = cutting::whole;
  std::vector<bytes> before_palette; ///< whole chunks
  std::vector<bytes> before_pixels;  ///< whole chunks
  std::vector<bytes> behind_pixels;  ///< whole chunks
};

/// A file of this picture. Of `p`, what tells libpng's encoder how to write (level, filters, idat_bytes) has no effect.
bytes write(const png::picture& p, const manner& m, dice& d);

/// The chunks of a compressed stream.
bytes idat_chunks(const bytes& stream, cutting how, dice& d);

} // namespace weir::forge
