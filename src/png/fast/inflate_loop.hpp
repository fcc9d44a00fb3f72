#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "inflate.hpp"

namespace weir::png {

/// The inner loop of the inflater: symbols of a block, as long as there is so much input left and so much room that neither has
/// to be looked at for each. Compiled for every processor, and for those with BMI2.
struct inflate_loop {
  static constexpr std::size_t reads_ahead = 16;  ///< bytes of input that an iteration may read
  static constexpr std::size_t writes_ahead = 16; ///< bytes behind its end that a copy may write

  enum class left : std::uint8_t { margin, block, bad };

  static left run(inflater& s, inflater::step& io) noexcept;
  static left run_bmi2(inflater& s, inflater::step& io) noexcept;

  /// The next 64 bits of the input.
  static std::uint64_t load(const std::uint8_t* from) noexcept {
    std::uint64_t v;
    std::memcpy(&v, from, sizeof(v));
    if constexpr (std::endian::native == std::endian::big) {
      v = __builtin_bswap64(v);
    }
    return v;
  }

  // They may overlap.
  static void copy_word(std::uint8_t* to, const std::uint8_t* from) noexcept {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof(word));
    std::memcpy(to, &word, sizeof(word));
  }

  /// Copies what stands `distance` before `to` (they may overlap: what was copied is then copied again).
  static void copy(std::uint8_t* to, std::size_t distance, std::size_t length) noexcept {
    const std::uint8_t* from = to - distance;
    std::uint8_t* const end = to + length;
    if (distance >= 8) {
      do { // most are short: two at a time
        copy_word(to, from);
        copy_word(to + 8, from + 8);
        to += 16;
        from += 16;
      } while (to < end);
    } else if (distance == 1) {
      std::memset(to, *from, length);
    } else {
      do { // a word's first `distance` bytes are right, and are the start of the next one's source
        copy_word(to, from);
        to += distance;
        from += distance;
      } while (to < end);
    }
  }
};
static_assert(inflater::slack >= 258 + 12 + inflate_loop::writes_ahead);

} // namespace weir::png
