#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// What was asked of the heap (malloc and its kin, so operator new too), in the whole process.
struct allocations {
  std::uint64_t calls = 0;
  std::int64_t peak = 0; ///< bytes, the most above what there was at the start
};

/// Counts from here on. False where the heap can't be watched: in builds with a sanitizer.
bool start_counting() noexcept;
[[nodiscard]] allocations stop_counting() noexcept;

} // namespace bench
