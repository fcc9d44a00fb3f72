#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dice.hpp"

/// zlib streams of every legal form, and of forms that are not.
namespace weir::forge {

using bytes = std::vector<std::uint8_t>;

/// How zlib shall write.
struct zlib_manner {
  int level = 6;
  int strategy = 0;            ///< Z_DEFAULT_STRATEGY to Z_FIXED
  int window_bits = 15;        ///< 9 to 15
  int memory = 8;              ///< 1 to 9
  std::size_t flush_every = 0; ///< bytes; 0: never. Each leaves an empty stored block
};

/// What is wrong with a stream, at one place in it.
enum class deflate_flaw : std::uint8_t {
  none,
  block_type_3,
  stored_complement,   ///< a stored block's length and its complement don't fit
  too_many_codes,      ///< a code with more words than it has room for
  too_few_codes,       ///< an incomplete code, of literals and lengths or of distances
  no_end_code,         ///< a block that can't end
  too_many_lengths,    ///< 287 or 288 codes of literals and lengths
  too_many_distances,  ///< 31 or 32 codes of distances
  repeat_of_nothing,   ///< the first length repeats the one before
  repeat_past_the_end, ///< of the lengths
  length_286,
  distance_30,
  too_far,     ///< a distance to before the first byte
  past_window, ///< distances beyond the window that the stream's header names, but not beyond its first byte
  no_last_block,
  bad_adler,
  no_adler,
  trailing_bytes,
  count
};

/// How this writer shall write: blocks of all types and lengths, with codes of any shape.
struct block_manner {
  unsigned window_bits = 15; ///< 8 to 15
  deflate_flaw flaw = deflate_flaw::none;
};

bytes deflated(std::span<const std::uint8_t> raw, const zlib_manner& manner);
bytes deflated(std::span<const std::uint8_t> raw, const block_manner& manner, dice& d);

/// The two bytes in front of a stream.
bytes zlib_header(unsigned window_bits, unsigned level = 2, unsigned method = 8, bool dictionary = false);

} // namespace weir::forge
