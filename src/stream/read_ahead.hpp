#pragma once

#include <cmath>
#include <cstdint>

#include "../memory/segment_pool.hpp"

namespace weir::detail {

/// How much memory the next file is given from the start, and whether it should wait for more to come back: told by the files
/// before it. With all of its memory a file is read in one go, without coming back to ask for more. And where memory, not the
/// window, says how many files are ahead, they are opened several at a time: else each image that has been decoded would wake
/// the loop, and whoever reads, for one file more.
class read_ahead {
public:
  explicit read_ahead(const memory::segment_pool& files) noexcept : files_(files) {}

  /// A file that took `segments` has been read: the next ones will be about as large.
  void seen(std::uint32_t segments) noexcept { typical_ += (segments - typical_) / 4; }
  /// Segments for the next file. Large files are few: they grow as they are read, and each has its turn.
  [[nodiscard]] std::uint32_t at_first() const noexcept { return large() ? 1 : expected(); }

  /// Asked before the next file is opened. `coming_back`: segments that are on their way back whatever else happens; whenever
  /// there are fewer, it is asked again. Once memory is nearly full the next file waits for a third of them. (Not for a part of
  /// the whole memory, since what others have may stay with them; and not where there are few.)
  [[nodiscard]] bool must_wait(std::uint64_t coming_back) noexcept {
    if (large() || coming_back < most() / 8) {
      full_at_ = 0;
    } else if (full_at_ == 0 || coming_back > full_at_ || coming_back * 3 <= full_at_ * 2) {
      const std::uint64_t used = files_.usage().in_use / memory::segment_bytes + expected();
      const bool full = used * 10 > most() * 9; // the rest is for files that are larger than expected
      full_at_ = full ? coming_back : 0;
    }
    return full_at_ != 0;
  }

private:
  [[nodiscard]] std::uint64_t most() const noexcept { return files_.usage().budget / memory::segment_bytes; }
  [[nodiscard]] std::uint32_t expected() const noexcept { return static_cast<std::uint32_t>(std::ceil(typical_ - 0.25)); }
  [[nodiscard]] bool large() const noexcept { return expected() > most() / 8; }

  const memory::segment_pool& files_;
  double typical_ = 1;        // segments
  std::uint64_t full_at_ = 0; // what was coming back when memory was full, until a third of it has
};

} // namespace weir::detail
