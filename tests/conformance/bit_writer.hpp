#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace weir::forge {

/// Bits in deflate's order: the low one of a byte first.
class bit_writer {
public:
  /// The `count` low bits of `value`.
  void put(std::uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      if (used_ == 0) {
        bytes_.push_back(0);
      }
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | ((value >> i & 1U) << used_));
      used_ = (used_ + 1) % 8;
    }
  }
  /// To the next whole byte, with bits of 0.
  void align() { used_ = 0; }
  /// Whole bytes; aligned before.
  void append(std::span<const std::uint8_t> whole) { bytes_.insert(bytes_.end(), whole.begin(), whole.end()); }

  [[nodiscard]] std::vector<std::uint8_t> take() && { return std::move(bytes_); }

private:
  std::vector<std::uint8_t> bytes_;
  unsigned used_ = 0;
};

} // namespace weir::forge
