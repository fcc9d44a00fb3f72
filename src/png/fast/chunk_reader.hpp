#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../cursor.hpp"
#include <weir/stop_flag.hpp>

namespace weir::png {

/// Reads a PNG chunk by chunk, and checks each chunk's checksum. Whatever is not as it should be is told as false: what exactly
/// is wrong, and whether it matters, is libpng's to say.
class chunk_reader {
public:
  /// Once `stop` is requested nothing is as it should be, from the next chunk, or 32 KiB of one, on.
  explicit chunk_reader(const memory::segment* input, stop_flag stop = {}) noexcept : input_(input), stop_(stop) {}

  /// Takes the signature: true if it is PNG's.
  [[nodiscard]] bool signature() noexcept;
  /// Goes on to the next chunk: reads its length and name. The one before has been finished.
  [[nodiscard]] bool next() noexcept;

  [[nodiscard]] std::uint32_t name() const noexcept { return name_; }             ///< as `name_of` gives it
  [[nodiscard]] std::uint32_t left() const noexcept { return left_; }             ///< bytes of data not taken yet
  [[nodiscard]] std::uint64_t offset() const noexcept { return input_.offset(); } ///< in the file: bytes taken so far

  /// Takes data; false if there is less.
  [[nodiscard]] bool read(std::uint8_t* to, std::size_t size) noexcept;
  /// Takes up to `most` bytes of data where they are. Empty if there are none left, in the chunk or in the input.
  [[nodiscard]] std::span<const std::uint8_t> piece(std::size_t most) noexcept;
  /// Takes the rest of the data, and the checksum: true if that is right.
  [[nodiscard]] bool finish() noexcept;

  static constexpr std::uint32_t name_of(const char (&letters)[5]) noexcept {
    return static_cast<std::uint32_t>(letters[0]) << 24 | static_cast<std::uint32_t>(letters[1]) << 16 |
           static_cast<std::uint32_t>(letters[2]) << 8 | static_cast<std::uint32_t>(letters[3]);
  }
  static constexpr std::uint32_t big_endian(const std::uint8_t* at) noexcept {
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
  }

private:
  cursor input_;
  stop_flag stop_;
  std::uint32_t name_ = 0;
  std::uint32_t left_ = 0;
  std::uint32_t checksum_ = 0;
};

} // namespace weir::png
