#pragma once

#include "../loop/sync.hpp"
#include "block_cache.hpp"
#include "pool.hpp"
#include "system_resource.hpp"

namespace weir::memory {

/// The storage behind a pool: lives as long as the pool or one of its blocks. Counted: the pool, every leased block, and the
/// grant that is posted to the loop have a reference each.
///
/// Giving a block back (any thread): (a) push it on the stack of returned ones, (b) look whether somebody waits, and if so post
/// a grant to the loop, or whether the pool is closed, and if so give what is on the stack back to the resource. Loop thread:
/// (1) say that somebody waits, or that the pool is closed, (2) take what is on the stack. All four are sequentially
/// consistent, so what is pushed is either seen at 2, or its pusher sees the flag at b: no waiter sleeps on a free block, and
/// no block is left on the stack of a closed pool. The stack is only ever taken as a whole.
///
/// The lock is for posting alone, so that nobody posts to a loop whose runtime has closed the pool; it is taken only if
/// somebody waits.
class pool_core {
public:
  pool_core(std::uint64_t budget, std::pmr::memory_resource* upstream, loop::remote* home) noexcept;
  pool_core(const pool_core&) = delete;
  pool_core& operator=(const pool_core&) = delete;

  // Any thread.
  void give_back(block& b) noexcept;
  void note_held(const block& b) noexcept {
    held_.fetch_add(1, std::memory_order_relaxed);
    held_bytes_.fetch_add(b.capacity, std::memory_order_relaxed);
  }

  // Loop thread.
  [[nodiscard]] acquisition try_acquire(std::uint64_t bytes, lease& out, bool urgent) noexcept;
  void enqueue(waiter& w, bool urgent) noexcept;
  void remove(waiter& w) noexcept;
  void make_urgent(waiter& w) noexcept;
  void close() noexcept; ///< the pool's end: drops its reference
  [[nodiscard]] std::uint64_t budget() const noexcept { return budget_; }
  [[nodiscard]] pool_usage usage() noexcept;

private:
  struct grant_node : loop::remote_node {
    explicit grant_node(pool_core& c) noexcept;
    pool_core& core;
  };

  ~pool_core() = default;
  [[nodiscard]] std::uint64_t capacity_for(std::uint64_t bytes) const noexcept;
  [[nodiscard]] acquisition obtain(std::uint64_t bytes, lease& out) noexcept;
  [[nodiscard]] block* allocate(std::uint64_t capacity) noexcept;
  void evict_until(std::uint64_t cached_at_most) noexcept;
  void take_returned() noexcept;
  void serve() noexcept;
  void serve_later_if_possible() noexcept;
  void post_grant() noexcept;
  void free_returned() noexcept;
  void drop_reference() noexcept;

  system_resource system_;
  std::pmr::memory_resource* const upstream_;
  const std::uint64_t budget_;

  // The loop thread's.
  wait_list<waiter> waiters_;
  block_cache cache_;
  block* spare_ = nullptr; // control blocks without storage
  std::uint64_t in_use_ = 0;
  std::uint64_t high_water_ = 0;

  sync::mutex lock_; // for the next three
  loop::remote* home_;
  bool posted_ = false;
  grant_node grant_;

  alignas(64) sync::atomic<block*> returned_{nullptr};
  sync::atomic<bool> waiting_{false};
  sync::atomic<bool> closed_{false};
  sync::atomic<std::size_t> references_{1};
  sync::atomic<std::size_t> leases_{0};
  sync::atomic<std::size_t> held_{0};
  sync::atomic<std::uint64_t> held_bytes_{0};
};

} // namespace weir::memory
