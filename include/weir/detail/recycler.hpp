#pragma once

#include <array>
#include <cstddef>
#include <mutex>

namespace weir::detail {

/// Memory for coroutine frames and child records, recycled by size class. One per runtime, used on its loop thread; the
/// thread_local pointer to the current one is weir's only global.
///
/// A block remembers where it came from. One that was made while no recycler was current (a task made before `run`, or on
/// another thread for `start`) comes from the heap and goes back there. One that is freed while another recycler is current
/// (its runtime is gone, or the task object was moved to another thread) goes back to its own under a lock; a recycler whose
/// owner is gone lives on until its last block has come back.
/// Under AddressSanitizer every block is a heap block of its own, so that a use after free is seen.
class frame_recycler {
public:
  struct closer {
    void operator()(frame_recycler* r) const noexcept { r->close(); }
  };

  static frame_recycler* create();
  void close() noexcept; ///< the owner's last call

  static void* allocate(std::size_t bytes); ///< throws std::bad_alloc; 16-byte aligned
  static void deallocate(void* p, std::size_t bytes) noexcept;

  [[nodiscard]] static frame_recycler* current() noexcept;
  /// Makes `r` current on this thread and returns what was.
  static frame_recycler* exchange_current(frame_recycler* r) noexcept;

  /// Blocks given out and not yet back. The owner's thread.
  [[nodiscard]] std::size_t live() noexcept;

private:
  static constexpr std::size_t granule = 16;
  static constexpr std::size_t classes = 256; // up to 4 KiB; larger ones go to the heap
  static constexpr std::size_t most_slab_bytes = std::size_t{1} << 20;
  struct slab {
    slab* next;
  };
  struct free_block {
    free_block* next;
  };

  frame_recycler() = default;
  ~frame_recycler();
  void* carve(std::size_t bytes);
  void give_back_elsewhere(free_block* b, std::size_t cls) noexcept;
  void collect() noexcept; // what other threads gave back

  std::array<free_block*, classes> free_{};
  std::byte* bump_ = nullptr;
  std::size_t bump_left_ = 0;
  slab* slabs_ = nullptr;
  std::size_t slab_bytes_ = 64 * 1024; // of the next one: each twice the one before
  std::size_t live_ = 0;

  std::mutex elsewhere_mutex_;
  std::array<free_block*, classes> elsewhere_{};
  std::size_t elsewhere_count_ = 0;
  std::size_t orphans_ = 0; // blocks still out when the owner closed
  bool closed_ = false;
};

/// Makes a recycler current on this thread for a while; null: leaves the one that is.
class frames_of {
public:
  explicit frames_of(frame_recycler* r) noexcept
      : before_(frame_recycler::exchange_current(r != nullptr ? r : frame_recycler::current())) {}
  frames_of(const frames_of&) = delete;
  frames_of& operator=(const frames_of&) = delete;
  ~frames_of() { frame_recycler::exchange_current(before_); }

private:
  frame_recycler* before_;
};

/// Base of what is allocated from the recycler.
struct recycled {
  static void* operator new(std::size_t bytes) { return frame_recycler::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) noexcept { frame_recycler::deallocate(p, bytes); }
};

} // namespace weir::detail
