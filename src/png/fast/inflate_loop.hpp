#pragma once

#include <array>
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
  static constexpr std::size_t writes_ahead = 32; ///< bytes behind its end that a copy may write

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

  __attribute__((always_inline)) static std::uint64_t low(std::uint64_t v, unsigned bits) noexcept {
    return v & ((std::uint64_t{1} << bits) - 1);
  }

  /// Of the match that an entry ends with, or 0: `before` are the bits that began with the entry.
  __attribute__((always_inline)) static std::size_t length_of(std::uint32_t entry, std::uint64_t before) noexcept {
    const code::length_span span = code::length_spans[code::match_of(entry)];
    return span.base + (low(before, code::bits_of(entry)) >> (code::bits_of(entry) - span.extra));
  }

  static void store(std::uint8_t* to, std::uint64_t v) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
      v = __builtin_bswap64(v);
    }
    std::memcpy(to, &v, sizeof(v));
  }

  /// A word of one byte's value 1 in every byte that is a multiple of the index.
  static constexpr std::array<std::uint64_t, 8> repeat = {0,
                                                          0x0101010101010101,
                                                          0x0001000100010001,
                                                          0x0001000001000001,
                                                          0x0000000100000001,
                                                          0x0000010000000001,
                                                          0x0001000000000001,
                                                          0x0100000000000001};

  /// How many of a word's bytes are whole repetitions of so many bytes.
  static constexpr std::array<std::uint8_t, 8> whole_of = {0, 8, 8, 6, 8, 5, 6, 7};

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
    if (distance >= 8) { // most are short: no loop for them
      for (std::size_t i = 0; i < 32; i += 8) {
        copy_word(to + i, from + i);
      }
      while (length > 32) {
        to += 32;
        from += 32;
        length -= 32;
        for (std::size_t i = 0; i < 32; i += 8) {
          copy_word(to + i, from + i);
        }
      }
      return;
    }
    // As often as it fits a word, without waiting for what was just written.
    const std::uint64_t word = low(load(from), static_cast<unsigned>(8 * distance)) * repeat[distance];
    const std::size_t whole = whole_of[distance];
    do {
      store(to, word);
      to += whole;
    } while (to < end);
  }
};
// Behind the limit: two literals with each of three entries, a match, and what a copy writes by the way.
static_assert(inflater::slack >= 3 * 2 + 258 + inflate_loop::writes_ahead);

} // namespace weir::png
