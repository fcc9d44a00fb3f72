#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include <weir/detail/context.hpp>

#include "segment.hpp"
#include "system_resource.hpp"
#include "wait_list.hpp"

namespace weir::memory {

/// Whoever waits for segments. Not destroyed while it is queued (see `segment_pool::remove`).
class segment_waiter : public wait_link<segment_waiter> {
public:
  std::uint32_t count = 0; ///< of segments, all at once
  /// Loop thread, from the loop, when it is no longer queued. A chain of `count` segments, each with `used` = 0; null: the
  /// memory resource has none (or, if `count` is more than the budget, it could never fit).
  virtual void granted(segment* chain) noexcept = 0;

protected:
  segment_waiter() = default;
  ~segment_waiter() = default;
};

/// Told on the loop thread whenever segments have come back: who wants to go beyond the budget looks again.
class release_watcher {
public:
  virtual void segments_released() noexcept = 0;

protected:
  release_watcher() = default;
  ~release_watcher() = default;

private:
  friend class segment_pool;
  release_watcher* next_ = nullptr;
};

/// What a segment pool has given out, in bytes.
struct segment_usage {
  std::uint64_t budget = 0;
  std::uint64_t in_use = 0;
  std::uint64_t cached = 0;
  std::uint64_t high_water = 0; ///< the most that was ever obtained at one time; above the budget only by what was forced
  std::size_t waiting = 0;      ///< requests
};

/// The bytes of files: segments of one size, made on demand up to a budget, as many again at a time as there are (their pages
/// are the kernel's until they are used), so that a file more than ever before seldom means an allocation; the one released
/// last is given out first. Loop thread only, releases too. Who waits is served strictly in order (see wait_list); the file
/// whose turn of delivery it is may go beyond the budget (`force`), so that it can always finish.
class segment_pool {
public:
  static constexpr std::uint64_t default_budget = 16 * 1024 * 1024;

  /// The budget is rounded down to whole segments, but is one at least. `upstream`: null for system_resource.
  segment_pool(std::uint64_t budget, std::pmr::memory_resource* upstream, detail::context& home) noexcept;
  /// Nobody may wait, and everything must have been released.
  ~segment_pool();
  segment_pool(const segment_pool&) = delete;
  segment_pool& operator=(const segment_pool&) = delete;

  /// `chain` is set if the answer is `granted`. An urgent request goes before all that aren't.
  [[nodiscard]] acquisition try_acquire(std::uint32_t count, segment*& chain, bool urgent = false) noexcept;
  /// Beyond the budget and before all who wait: granted or out_of_memory.
  [[nodiscard]] acquisition force(std::uint32_t count, segment*& chain) noexcept;
  /// `w.granted` is called from the loop, never from here.
  void enqueue(segment_waiter& w, bool urgent = false) noexcept;
  void remove(segment_waiter& w) noexcept; ///< no effect if it isn't queued
  void make_urgent(segment_waiter& w) noexcept;
  /// Takes a whole chain back (null: none). What is above four times the budget goes back to the memory resource at once; what
  /// is above the budget later, two segments with each further request.
  void release(segment* chain) noexcept;

  void watch(release_watcher& w) noexcept;
  void unwatch(release_watcher& w) noexcept;

  [[nodiscard]] segment_usage usage() const noexcept;

private:
  struct grant final : detail::runnable {
    explicit grant(segment_pool& p) noexcept : pool(p) {}
    void run() noexcept override { pool.serve(); }
    segment_pool& pool;
  };

  [[nodiscard]] bool fits(std::uint32_t count) const noexcept { return count <= limit_ && in_use_ <= limit_ - count; }
  struct slab;
  segment* obtain(std::uint32_t count) noexcept;
  segment* take_free() noexcept;
  bool add_slab(std::uint64_t count) noexcept;
  [[nodiscard]] bool in_slab(const segment& s) const noexcept;
  segment* make() noexcept;
  void give_up_some() noexcept;
  void put_back(segment* chain) noexcept;
  void destroy(segment& s) noexcept;
  void serve() noexcept;
  void serve_later_if_possible() noexcept;

  system_resource system_;
  std::pmr::memory_resource* const upstream_;
  detail::context& home_;
  const std::uint64_t limit_; // in segments, as are the next three
  std::uint64_t in_use_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t most_made_ = 0;
  release_watcher* watchers_ = nullptr;
  slab* slabs_ = nullptr;     // what is within the budget, to the end; each segment beyond it is on its own
  segment* free_ = nullptr;   // of slabs, the one released last first
  segment* beyond_ = nullptr; // the same beyond the budget
  wait_list<segment_waiter> waiters_;
  grant grant_;
};

} // namespace weir::memory
