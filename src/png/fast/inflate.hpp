#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "huffman.hpp"

namespace weir::png {

/// Decompresses a zlib stream in steps that end where the caller wants them to: out of a piece of input that may end anywhere,
/// into memory in which what came before is still there.
///
/// It takes no stream that zlib refuses. It refuses some that zlib takes (a preset dictionary, distances above the window size
/// that the stream names), and says nothing of why: libpng has the last word on what is refused here. The checksum at the
/// stream's end is read, not checked.
class inflater {
public:
  /// How far behind the limit of a step its output may end, with what is written by the way: that much room is needed there.
  static constexpr std::size_t slack = 320;
  static constexpr std::size_t window = 32 * 1024; ///< bytes of output before `to` that have to be left where they were

  enum class outcome : std::uint8_t {
    needs_input, ///< all of the piece has been taken
    full,        ///< the output has reached the limit
    end,         ///< of the stream and its checksum; what is left of the piece is `from` to its end, and `excess()`
    refused
  };

  struct step {
    const std::uint8_t* from;     ///< the piece of input
    const std::uint8_t* from_end; ///< its end
    std::uint8_t* to;             ///< the output goes here
    std::uint8_t* to_limit;       ///< it ends here, or up to `slack` behind it
    const std::uint8_t* oldest;   ///< of the output that is still in memory, adjacent to `to`: all of it, or a window at least
  };

  /// Begins a stream. `avx2_bmi2`: the processor has these instructions.
  void start(bool avx2_bmi2) noexcept;

  /// Goes on; moves `from` and `to`.
  [[nodiscard]] outcome run(step& s) noexcept;

  [[nodiscard]] std::uint32_t checksum() const noexcept { return checksum_; } ///< after the end: as the stream gives it
  [[nodiscard]] std::size_t excess() const noexcept { return count_ / 8; }    ///< after the end: bytes taken from behind it

  /// How many bytes more of either are expected: tables are built for speed only where they pay.
  void expect(std::uint64_t output, std::uint64_t input) noexcept {
    expected_output_ = output;
    expected_input_ = input;
  }

private:
  enum class phase : std::uint8_t { stream, block, stored_size, stored, sizes, precode, lengths, codes, trailer, end, refused };
  enum class next : std::uint8_t { phase, input, output };

  next advance(step& s) noexcept;
  next begin_stream() noexcept;
  next begin_block() noexcept;
  next begin_stored() noexcept;
  next copy_stored(step& s) noexcept;
  next read_sizes() noexcept;
  next read_precode(step& s) noexcept;
  next read_lengths(step& s) noexcept;
  next read_codes(step& s) noexcept;
  next read_one(step& s) noexcept;
  next read_trailer() noexcept;
  next refuse() noexcept;
  next end_block() noexcept;
  void use_fixed_codes() noexcept;
  [[nodiscard]] bool use_lengths() noexcept;

  void fill(step& s) noexcept;
  [[nodiscard]] std::uint32_t peek(unsigned bits) const noexcept {
    return static_cast<std::uint32_t>(bits_ & ((std::uint64_t{1} << bits) - 1));
  }
  void drop(unsigned bits) noexcept {
    bits_ >>= bits;
    count_ -= bits;
  }

  friend struct inflate_loop;

  std::uint64_t bits_ = 0; // of the input, taken and not consumed; zero above count_
  unsigned count_ = 0;
  phase phase_ = phase::stream;
  bool last_block_ = false;
  bool avx2_bmi2_ = false;
  std::uint32_t stored_ = 0; // bytes left of the block
  std::uint32_t checksum_ = 0;
  std::uint64_t expected_output_ = 0;
  std::uint64_t expected_input_ = 0;
  std::size_t usable_distances_ = 0;
  std::size_t litlens_ = 0;
  std::size_t distances_ = 0;
  std::size_t precodes_ = 0;
  std::size_t read_ = 0;                        // lengths
  const std::uint32_t* litlen_codes_ = nullptr; // of the block: below, or the fixed ones
  const std::uint32_t* distance_codes_ = nullptr;
  std::array<std::uint8_t, 19> precode_lengths_;
  std::array<std::uint8_t, 320> lengths_;
  std::array<std::uint32_t, std::size_t{1} << code::precode_bits> precode_;
  std::array<std::uint32_t, code::litlen_room> litlen_;
  std::array<std::uint32_t, code::distance_room> distance_;
};

} // namespace weir::png
