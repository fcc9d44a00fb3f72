#pragma once

#include "../../src/png/encode.hpp"
#include "dice.hpp"
#include "png_writer.hpp"

namespace weir::forge {

/// How large the pictures are.
enum class extent : std::uint8_t {
  small, ///< 1 to 67 columns and rows
  tiny,  ///< 1 to 8
  large, ///< up to some 100 KB, and rows of more than 64 KiB
};

/// What the dice draw: a picture of any kind, and a way to write it.
struct drawing {
  png::picture picture;
  manner how;
};

/// A valid one: every colour type, depth, filter and form of deflate, with and without interlace, transparency, gamma and what
/// else a file may say of itself.
drawing draw(extent size, dice& d);

/// One that is written with a flaw inside the compressed data: in its blocks, its checksum or a filter's byte.
drawing draw_flawed(extent size, dice& d);

inline bytes write(const drawing& drawn, dice& d) { return write(drawn.picture, drawn.how, d); }

/// A chunk that a file may have in front of its pixels: with data that fits its name, or with some that doesn't.
bytes any_ancillary(const png::picture& p, dice& d);

} // namespace weir::forge
