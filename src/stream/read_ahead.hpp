#pragma once

#include <algorithm>
#include <cstdint>

#include "../memory/segment_pool.hpp"

namespace weir::detail {

/// How much memory the next file is given from the start, and whether there is enough of it for that: told by the files before.
/// With all of its memory a file is read in one go, without coming back to ask for more. And where memory, not the window, says
/// how many files are ahead, they are opened several at a time: not until a third of the memory has come back since there was
/// too little. Else each image that has been decoded would wake the loop, and whoever reads, for one file more.
class read_ahead {
public:
  explicit read_ahead(const memory::segment_pool& files) noexcept : files_(files) {}

  /// A file that took `segments` has been read: the next ones may be as large, or a little smaller.
  void seen(std::uint32_t segments) noexcept { expected_ = std::max({segments, expected_ - std::max(expected_ / 8, 1U), 1U}); }
  /// Segments for the next file. Large files are few: they grow as they are read, and each has its turn.
  [[nodiscard]] std::uint32_t at_first() const noexcept { return large() ? 1 : expected_; }
  /// Asked before the next file is opened: whether it should wait. Only if some will come back: what others have may stay.
  [[nodiscard]] bool full(bool some_will_come_back) noexcept {
    const std::uint64_t used = files_.usage().in_use / memory::segment_bytes + expected_;
    const unsigned limit = full_ && some_will_come_back ? 60 : 90; // the rest is for files that are larger than expected
    full_ = !large() && used * 100 > most() * limit;
    return full_ && some_will_come_back;
  }

private:
  [[nodiscard]] std::uint64_t most() const noexcept { return files_.usage().budget / memory::segment_bytes; }
  [[nodiscard]] bool large() const noexcept { return expected_ > most() / 8; }

  const memory::segment_pool& files_;
  std::uint32_t expected_ = 1;
  bool full_ = false; // it was, and not enough has come back since
};

} // namespace weir::detail
