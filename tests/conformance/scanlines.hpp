#pragma once

#include <cstdint>
#include <vector>

#include "../../src/png/encode.hpp"
#include "dice.hpp"

namespace weir::forge {

/// Which filter each row gets.
enum class filtering : std::uint8_t {
  none,
  sub,
  up,
  average,
  paeth,
  mixed,    ///< any
  adaptive, ///< that whose bytes are smallest
  flawed,   ///< any, and one row's is above 4
  count
};

/// What a picture's IDAT chunks compress: its rows, of all seven passes if it is interlaced, each behind its filter's byte.
std::vector<std::uint8_t> scanlines(const png::picture& p, filtering how, dice& d);

} // namespace weir::forge
