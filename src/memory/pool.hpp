#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include "../loop/remote.hpp"
#include "lease.hpp"
#include "wait_list.hpp"

namespace weir::memory {

class pool_core;

/// Whoever waits for a block: so many bytes, and what to do with them. Not destroyed while it is queued (see `pool::remove`).
class waiter : public wait_link<waiter> {
public:
  std::uint64_t bytes = 0;
  /// Loop thread, from the loop, when it is no longer queued. An empty lease: the memory resource has none (or, if `bytes` is
  /// more than the budget, it could never fit).
  virtual void granted(lease memory) noexcept = 0;

protected:
  waiter() = default;
  ~waiter() = default;
};

/// What a pool has given out, in bytes and in blocks.
struct pool_usage {
  std::uint64_t budget = 0;
  std::uint64_t in_use = 0; ///< leased
  std::uint64_t cached = 0; ///< released, kept for the next request
  std::uint64_t high_water =
      0;                  ///< the most that was ever obtained from the memory resource at one time; never above the budget
  std::size_t leases = 0; ///< blocks that are leased, those held by the user included
  std::size_t held_by_user = 0; ///< blocks that are leased and marked so
  std::uint64_t bytes_held_by_user = 0;
  std::size_t waiting = 0; ///< requests
};

/// Memory with a budget in bytes. Everything is called on the loop thread; only leases travel.
///
/// What is obtained from the memory resource, leased and cached together, never exceeds the budget. Requests are granted
/// strictly in order (see wait_list), so a large one can't be starved by small ones behind it. A released block is cached, and
/// given out again for a request of 0.8 to 1 times its size; the ones released longest ago go back to the resource when a grant
/// needs the room. In steady state neither the resource nor the heap is touched.
class pool {
public:
  /// `upstream` supplies storage (null: system_resource) aligned to 64 bytes. It is called on the loop thread, and must live
  /// until the last lease is gone: those that outlive the pool give their blocks back to it from whatever thread they end on.
  /// `home` is the loop that grants to those who wait; it must be there until ~pool.
  pool(std::uint64_t budget, std::pmr::memory_resource* upstream, loop::remote* home);
  /// Nobody may wait. Leases may be outstanding. If a grant was posted to `home` and has not run, `home` has to run it (or to
  /// run it on closing, see loop::close): it finds nothing to do.
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// `out` is set if the answer is `granted`. An urgent request goes before all that aren't.
  [[nodiscard]] acquisition try_acquire(std::uint64_t bytes, lease& out, bool urgent = false) noexcept;
  /// `w.granted` is called from the loop, never from here.
  void enqueue(waiter& w, bool urgent = false) noexcept;
  /// Takes `w` out of the queue; no effect if it isn't in it.
  void remove(waiter& w) noexcept;
  /// Puts `w`, which waits, before all that aren't urgent: its item has become the oldest undelivered one.
  void make_urgent(waiter& w) noexcept;

  [[nodiscard]] std::uint64_t budget() const noexcept;
  [[nodiscard]] pool_usage usage() noexcept;

private:
  pool_core* core_;
};

} // namespace weir::memory
