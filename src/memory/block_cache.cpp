#include "block_cache.hpp"

#include <bit>

namespace weir::memory {

namespace {
constexpr int looked_at = 8;
}

// The power of two, and the three bits behind the highest.
std::size_t block_cache::class_of(std::uint64_t capacity) noexcept {
  const auto power = static_cast<std::size_t>(std::bit_width(capacity | 8)) - 1;
  return power * 8 + static_cast<std::size_t>((capacity >> (power - 3)) & 7);
}

void block_cache::put(block& b) noexcept {
  b.stamp = ++stamp_;
  b.newer = nullptr;
  b.older = most_recent_;
  (most_recent_ != nullptr ? most_recent_->newer : oldest_) = &b;
  most_recent_ = &b;
  block*& head = newest_[class_of(b.capacity)];
  b.class_newer = nullptr;
  b.class_older = head;
  if (head != nullptr) {
    head->class_newer = &b;
  }
  head = &b;
  bytes_ += b.capacity;
}

block* block_cache::take(std::uint64_t bytes) noexcept {
  const std::uint64_t most = bytes + bytes / 4;
  block* best = nullptr;
  for (std::size_t c = class_of(bytes); c <= class_of(most); ++c) {
    block* at = newest_[c];
    for (int i = 0; i < looked_at && at != nullptr; ++i, at = at->class_older) {
      if (at->capacity >= bytes && at->capacity <= most) {
        best = best == nullptr || at->stamp > best->stamp ? at : best;
        break;
      }
    }
  }
  if (best != nullptr) {
    remove(*best);
  }
  return best;
}

block* block_cache::take_oldest() noexcept {
  block* b = oldest_;
  if (b != nullptr) {
    remove(*b);
  }
  return b;
}

void block_cache::remove(block& b) noexcept {
  (b.newer != nullptr ? b.newer->older : most_recent_) = b.older;
  (b.older != nullptr ? b.older->newer : oldest_) = b.newer;
  (b.class_newer != nullptr ? b.class_newer->class_older : newest_[class_of(b.capacity)]) = b.class_older;
  if (b.class_older != nullptr) {
    b.class_older->class_newer = b.class_newer;
  }
  b.newer = b.older = b.class_newer = b.class_older = nullptr;
  bytes_ -= b.capacity;
}

} // namespace weir::memory
