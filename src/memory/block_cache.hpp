#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "block.hpp"

namespace weir::memory {

/// Blocks that were released and not yet given back, found again by size or by age. Intrusive. Loop thread only.
class block_cache {
public:
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  void put(block& b) noexcept;
  /// Takes out the block released last among those of [bytes, 1.25 bytes] (of each class of sizes only the newest few are
  /// looked at); null if there is none.
  block* take(std::uint64_t bytes) noexcept;
  /// Takes out the block released first; null if the cache is empty.
  block* take_oldest() noexcept;

private:
  // Eight classes to each power of two: a request's range is three to five of them.
  static constexpr std::size_t classes = 8 * 64;
  static std::size_t class_of(std::uint64_t capacity) noexcept;
  void remove(block& b) noexcept;

  std::array<block*, classes> newest_{}; // of each class
  block* most_recent_ = nullptr;
  block* oldest_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t stamp_ = 0;
};

} // namespace weir::memory
