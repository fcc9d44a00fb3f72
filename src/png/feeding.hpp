#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir::png {

/// How much of the pixels' data libpng takes from the input at a time, where rows are so long that the stop flag has to be
/// looked at within them.
///
/// By default it takes what is left of a window: the next 8192 bytes of the chunk, counted from its start, or its rest. Its
/// verdict on a stream that doesn't end as it should depends on that: when the last pixel is there, zlib goes on with the input
/// that it was given as far as that gives no output, and libpng then looks at one more read. So the pieces that are taken here
/// instead end where windows do, and the piece in which the pixels came to their end (or failed to) has to be the last of its
/// window. Mostly it is. Where it isn't, `differs` says so, and libpng has to be asked once more, with all the rest of the
/// window in that piece: which gives no more output than the piece did.
///
/// Trivially destructible, so that a longjmp may cross it.
class feeding {
public:
  /// An inflate step takes one piece, and gives at most 1032 bytes for each of its bytes: 64 KiB in all.
  static constexpr std::size_t largest_piece = std::size_t{64} * 1024 / 1032;

  constexpr feeding() noexcept = default;
  /// For the second time.
  [[nodiscard]] static constexpr feeding again(const feeding& first) noexcept {
    feeding second;
    second.whole_from_ = first.last_piece_;
    return second;
  }

  /// For the second time, with all as by default: looks at the stop flag are then 8 KiB of input apart, whatever those become.
  [[nodiscard]] static constexpr feeding by_default() noexcept {
    feeding second;
    second.whole_from_ = 0;
    return second;
  }

  /// Told of all that libpng takes, from the signature on; `rows_done`: it has all pixels.
  constexpr void took(const unsigned char* bytes, std::size_t size, bool rows_done) noexcept {
    if (size > 0 && window_rest() > 0) {
      behind_rows_ = behind_rows_ || rows_done;
      if (!rows_done) {
        last_piece_ = offset_;
        whole_ = size == window_rest();
      }
    }
    while (size > 0) {
      std::size_t n = 1;
      if (left_ > 0) {
        n = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
        left_ -= n;
      } else {
        read_start(*bytes);
      }
      offset_ += n;
      bytes += n;
      size -= n;
    }
  }

  /// How much libpng shall take at most if the next that it takes is data of the pixels.
  [[nodiscard]] constexpr std::size_t next_piece() const noexcept {
    const std::size_t rest = window_rest();
    if (offset_ >= whole_from_ || rest <= largest_piece) {
      return std::max<std::size_t>(rest, 1);
    }
    // The last one of a chunk is long enough to have the stream's own end in it, and the last pixel before that.
    return rest < 2 * largest_piece ? rest / 2 : largest_piece;
  }

  /// After the end: true if it may be another one than by default.
  [[nodiscard]] constexpr bool differs() const noexcept { return whole_from_ == never && (!whole_ || behind_rows_); }

private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::size_t window = 8192; // PNG_IDAT_READ_SIZE
  static constexpr std::uint64_t checksum = 4;

  // Of the data of an IDAT; 0 elsewhere.
  [[nodiscard]] constexpr std::size_t window_rest() const noexcept {
    if (!is_pixels_ || left_ <= checksum) {
      return 0;
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(left_ - checksum, window - (offset_ - data_start_) % window));
  }

  // A byte of a chunk's length and name.
  constexpr void read_start(unsigned char byte) noexcept {
    start_ = start_ << 8 | byte;
    if (++start_bytes_ == 8) {
      start_bytes_ = 0;
      left_ = (start_ >> 32) + checksum;
      is_pixels_ = static_cast<std::uint32_t>(start_) == 0x49444154; // IDAT
      data_start_ = offset_ + 1;
    }
  }

  std::uint64_t offset_ = 0; // in the file
  std::uint64_t left_ = 8;   // bytes to the start of the next chunk; of the signature at first
  std::uint64_t start_ = 0;
  unsigned start_bytes_ = 0;
  bool is_pixels_ = false;
  std::uint64_t data_start_ = 0; // of the chunk

  std::uint64_t last_piece_ = 0; // where it began, of those that were taken for pixels
  bool whole_ = true;            // it was the last of its window
  bool behind_rows_ = false;     // there were others behind it
  std::uint64_t whole_from_ = never;
};

} // namespace weir::png
