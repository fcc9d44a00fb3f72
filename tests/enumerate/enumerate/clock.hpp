#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::enumerate {

inline constexpr std::size_t most_threads = 6; // in an execution, the one that sets it up included

/// How much of each thread's past is known somewhere: a vector clock. What happened before is at or below it.
class vector_clock {
public:
  [[nodiscard]] std::uint32_t of(std::size_t thread) const noexcept { return times_[thread]; }
  void tick(std::size_t thread) noexcept { ++times_[thread]; }
  void join(const vector_clock& other) noexcept {
    for (std::size_t i = 0; i < most_threads; ++i) {
      times_[i] = std::max(times_[i], other.times_[i]);
    }
  }

private:
  std::array<std::uint32_t, most_threads> times_{};
};

} // namespace weir::enumerate
