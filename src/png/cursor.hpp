#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "../memory/segment.hpp"

namespace weir::png {

/// Reads a chain of segments from its start, once. Trivially destructible, so that a longjmp may cross it.
class cursor {
public:
  explicit cursor(const memory::segment* first) noexcept : at_(first) {}

  /// Bytes taken so far, from the start of the input.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// Copies up to `size` bytes to `to`; returns how many there were.
  std::size_t take(void* to, std::size_t size) noexcept {
    auto* out = static_cast<std::byte*>(to);
    return walk(size, [&out](const std::byte* from, std::size_t n) {
      std::memcpy(out, from, n);
      out += n;
    });
  }

  /// Passes over up to `size` bytes; returns how many there were.
  std::size_t skip(std::size_t size) noexcept {
    return walk(size, [](const std::byte*, std::size_t) {});
  }

  /// Takes up to `most` bytes where they are: as many as lie together. Empty at the end only.
  std::span<const std::byte> take_piece(std::size_t most) noexcept {
    while (at_ != nullptr && in_segment_ == at_->used) { // an empty one
      at_ = at_->next;
      in_segment_ = 0;
    }
    if (at_ == nullptr) {
      return {};
    }
    const std::byte* const from = at_->data + in_segment_;
    const std::size_t n = std::min<std::size_t>(most, at_->used - in_segment_);
    (void)skip(n);
    return {from, n};
  }

private:
  template<class Piece> std::size_t walk(std::size_t size, Piece piece) noexcept {
    std::size_t done = 0;
    while (done < size && at_ != nullptr) {
      const std::size_t n = std::min<std::size_t>(size - done, at_->used - in_segment_);
      if (n > 0) {
        piece(at_->data + in_segment_, n);
      }
      done += n;
      in_segment_ += static_cast<std::uint32_t>(n);
      if (in_segment_ == at_->used) {
        at_ = at_->next;
        in_segment_ = 0;
      }
    }
    offset_ += done;
    return done;
  }

  const memory::segment* at_;
  std::uint32_t in_segment_ = 0;
  std::uint64_t offset_ = 0;
};

} // namespace weir::png
