#pragma once

#include <cstddef>
#include <span>

namespace weir::png {

/// Where a decode's own allocations (libpng's, zlib's) go: a bump arena over memory that the caller lends, and individually
/// freed heap blocks once that is full. One thread at a time.
///
/// `scratch_bytes` (header.hpp) says with how much memory the heap is not needed. What needs it are large ancillary chunks
/// (profiles, texts), which libpng keeps though nobody looks at them; a file may hold a thousand of 8 MB each. So a block above
/// `small_block` fails when the heap blocks would come to more than the limit: libpng then warns, drops that chunk, and
/// goes on with the same pixels. The limit is lifted (`limit_heap`) while libpng allocates what the pixels need.
class scratch {
public:
  static constexpr std::size_t default_heap_limit = std::size_t{16} << 20; ///< bytes
  static constexpr std::size_t small_block = 4096;                         ///< bytes; not limited
  static constexpr std::size_t alignment = 16;

  /// `memory` need not be aligned or cleared. It is lent until the destructor.
  explicit scratch(std::span<std::byte> memory, std::size_t heap_limit = default_heap_limit) noexcept;
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { reset(); }

  /// Uninitialized, aligned to `alignment`; null if there is no memory, or the heap's limit is reached.
  [[nodiscard]] void* allocate(std::size_t size) noexcept;
  /// Gives a block back. In the arena only the newest block's room is used again before `reset`.
  void release(void* block) noexcept;
  /// Gives all back: the end of a job.
  void reset() noexcept;

  /// False: blocks of any size are granted for as long as the heap has them. `reset` limits again.
  void limit_heap(bool limited) noexcept { limited_ = limited; }

  [[nodiscard]] std::size_t arena_used() const noexcept { return used_; }      ///< bytes, now
  [[nodiscard]] std::size_t heap_used() const noexcept { return heap_bytes_; } ///< bytes, now
  [[nodiscard]] std::size_t heap_peak() const noexcept { return heap_peak_; }  ///< bytes, the most since it was made

private:
  struct heap_block;
  void* allocate_from_heap(std::size_t size) noexcept;

  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  std::size_t newest_ = 0; // offset of the newest block; == used_ once that was given back
  heap_block* blocks_ = nullptr;
  std::size_t heap_bytes_ = 0;
  std::size_t heap_peak_ = 0;
  std::size_t heap_limit_;
  bool limited_ = true;
};

} // namespace weir::png
