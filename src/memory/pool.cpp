#include "pool.hpp"

#include "pool_core.hpp"

namespace weir::memory {

pool::pool(std::uint64_t budget, std::pmr::memory_resource* upstream, loop::remote* home)
    : core_(new pool_core(budget, upstream, home)) {}

pool::~pool() { core_->close(); }

acquisition pool::try_acquire(std::uint64_t bytes, lease& out, bool urgent) noexcept {
  return core_->try_acquire(bytes, out, urgent);
}

void pool::enqueue(waiter& w, bool urgent) noexcept { core_->enqueue(w, urgent); }
void pool::remove(waiter& w) noexcept { core_->remove(w); }
void pool::make_urgent(waiter& w) noexcept { core_->make_urgent(w); }
std::uint64_t pool::budget() const noexcept { return core_->budget(); }
pool_usage pool::usage() noexcept { return core_->usage(); }

lease lease::share() const noexcept {
  if (block_ == nullptr) {
    return {};
  }
  block_->references.fetch_add(1, std::memory_order_relaxed);
  return lease(*block_);
}

void lease::hold_by_user() const noexcept {
  if (block_ != nullptr && !block_->held_by_user.exchange(true, std::memory_order_relaxed)) {
    block_->core.note_held(*block_);
  }
}

void lease::reset() noexcept {
  block* const b = std::exchange(block_, nullptr);
  if (b != nullptr && b->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    b->core.give_back(*b);
  }
}

} // namespace weir::memory
