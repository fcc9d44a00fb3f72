#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::memory {

/// A piece of a file's bytes. A file is a chain of them, in order; `used` bytes of each are data. The bytes behind `data` are
/// the pool's (or, for a request body, the caller's); a segment never owns them.
struct segment {
  std::byte* data = nullptr;
  std::uint32_t capacity = 0;
  std::uint32_t used = 0;
  segment* next = nullptr;
};

inline std::uint32_t count_of(const segment* chain) noexcept {
  std::uint32_t n = 0;
  for (; chain != nullptr; chain = chain->next) {
    ++n;
  }
  return n;
}

/// The size of the pool's own segments. A small file touches only the first pages of one, and the pool gives out the one
/// released last, which is the one that is still in cache.
#ifdef WEIR_EXPLORE // small files shall be of several
inline constexpr std::uint32_t segment_bytes = 512;
#else
inline constexpr std::uint32_t segment_bytes = 64 * 1024;
#endif

} // namespace weir::memory
