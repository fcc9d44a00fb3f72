#include "pool_core.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <new>

#include "poison.hpp"

namespace weir::memory {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::uint64_t least = 256; // so that a block's bookkeeping is never more than its charge
constexpr std::uint64_t page = 4096;
constexpr int grants_a_step = 64; // then the loop has its turn
} // namespace

pool_core::pool_core(std::uint64_t budget, std::pmr::memory_resource* upstream, loop::remote* home) noexcept
    : upstream_(upstream != nullptr ? upstream : &system_), budget_(budget), home_(home), grant_(*this) {}

pool_core::grant_node::grant_node(pool_core& c) noexcept
    : remote_node([](remote_node& n) noexcept {
        pool_core& self = static_cast<grant_node&>(n).core;
        {
          const std::lock_guard hold(self.lock_);
          self.posted_ = false;
        }
        self.serve();
        self.drop_reference();
      }),
      core(c) {}

// What is charged is what the kernel or the heap is really asked for; only a request for nearly the whole budget isn't rounded
// up.
std::uint64_t pool_core::capacity_for(std::uint64_t bytes) const noexcept {
  const std::uint64_t unit = bytes < system_resource::mapped_from ? alignment : page;
  const std::uint64_t rounded = (std::max(bytes, least) + unit - 1) / unit * unit;
  return std::max(bytes, std::min(rounded, budget_));
}

acquisition pool_core::try_acquire(std::uint64_t bytes, lease& out, bool urgent) noexcept {
  if (bytes > budget_) {
    return acquisition::never;
  }
  if (waiters_.blocks(urgent)) {
    return acquisition::must_wait;
  }
  take_returned();
  return obtain(bytes, out);
}

// in_use_ is up to date as far as it can be. A cached block that suits needs no room that isn't there: it is charged already.
acquisition pool_core::obtain(std::uint64_t bytes, lease& out) noexcept {
  if (bytes > budget_) {
    return acquisition::never;
  }
  const std::uint64_t capacity = capacity_for(bytes);
  if (capacity > budget_ - in_use_) {
    return acquisition::must_wait;
  }
  block* b = cache_.take(capacity);
  if (b == nullptr) {
    evict_until(budget_ - in_use_ - capacity);
    b = allocate(capacity);
    if (b == nullptr) {
      evict_until(0);
      b = allocate(capacity);
    }
    if (b == nullptr) {
      return acquisition::out_of_memory;
    }
  }
  unpoison(b->data, b->capacity);
  b->bytes = bytes;
  b->references.store(1, std::memory_order_relaxed);
  in_use_ += b->capacity;
  high_water_ = std::max(high_water_, in_use_ + cache_.bytes());
  leases_.fetch_add(1, std::memory_order_relaxed);
  references_.fetch_add(1, std::memory_order_relaxed);
  out = lease(*b);
  return acquisition::granted;
}

// Null if there is no memory. Whatever a user's resource throws ends here.
block* pool_core::allocate(std::uint64_t capacity) noexcept {
  block* b = spare_;
  if (b != nullptr) {
    spare_ = b->class_older;
  } else {
    b = new (std::nothrow) block(*this);
    if (b == nullptr) {
      return nullptr;
    }
  }
  try {
    b->class_older = nullptr;
    b->data = static_cast<std::byte*>(upstream_->allocate(static_cast<std::size_t>(capacity), alignment));
    b->capacity = capacity;
    return b;
  } catch (...) {
    b->class_older = spare_;
    spare_ = b;
    return nullptr;
  }
}

void pool_core::evict_until(std::uint64_t cached_at_most) noexcept {
  while (cache_.bytes() > cached_at_most) {
    block& b = *cache_.take_oldest();
    unpoison(b.data, b.capacity);
    upstream_->deallocate(b.data, static_cast<std::size_t>(b.capacity), alignment);
    b.class_older = spare_;
    spare_ = &b;
  }
}

void pool_core::give_back(block& b) noexcept {
  if (b.held_by_user.load(std::memory_order_relaxed)) {
    b.held_by_user.store(false, std::memory_order_relaxed);
    held_.fetch_sub(1, std::memory_order_relaxed);
    held_bytes_.fetch_sub(b.capacity, std::memory_order_relaxed);
  }
  leases_.fetch_sub(1, std::memory_order_relaxed);
  block* head = returned_.load(std::memory_order_relaxed);
  do {
    b.next_returned = head;
  } while (!returned_.compare_exchange_weak(head, &b, std::memory_order_seq_cst, std::memory_order_relaxed));
  // `b` may be somebody else's by now.
  if (closed_.load(std::memory_order_seq_cst)) {
    free_returned();
  } else if (waiting_.load(std::memory_order_seq_cst)) {
    post_grant();
  }
  drop_reference();
}

void pool_core::post_grant() noexcept {
  const std::lock_guard hold(lock_);
  if (home_ != nullptr && !posted_) {
    posted_ = true;
    references_.fetch_add(1, std::memory_order_relaxed);
    home_->post_remote(grant_);
  }
}

void pool_core::take_returned() noexcept {
  if (returned_.load(std::memory_order_seq_cst) == nullptr) {
    return;
  }
  block* oldest = nullptr;
  for (block* b = returned_.exchange(nullptr, std::memory_order_seq_cst); b != nullptr;) {
    block* next = b->next_returned;
    b->next_returned = oldest;
    oldest = b;
    b = next;
  }
  for (block* b = oldest; b != nullptr;) {
    block* next = b->next_returned;
    in_use_ -= b->capacity;
    poison(b->data, b->capacity);
    cache_.put(*b);
    b = next;
  }
}

void pool_core::enqueue(waiter& w, bool urgent) noexcept {
  assert(home_ != nullptr);
  waiters_.add(w, urgent);
  waiting_.store(true, std::memory_order_seq_cst);
  serve_later_if_possible();
}

void pool_core::remove(waiter& w) noexcept {
  if (!w.queued()) {
    return;
  }
  waiters_.remove(w);
  if (waiters_.empty()) {
    waiting_.store(false, std::memory_order_seq_cst);
  } else {
    if (!WEIR_PLANTED(forgotten_waiter)) {
      serve_later_if_possible(); // it may have been what the others waited behind
    }
  }
}

void pool_core::make_urgent(waiter& w) noexcept {
  assert(w.queued());
  waiters_.remove(w);
  waiters_.add(w, true);
  serve_later_if_possible();
}

void pool_core::serve_later_if_possible() noexcept {
  take_returned();
  const std::uint64_t bytes = waiters_.front()->bytes;
  if (bytes > budget_ || capacity_for(bytes) <= budget_ - in_use_) {
    post_grant();
  }
}

void pool_core::serve() noexcept {
  take_returned();
  for (int i = 0; !waiters_.empty(); ++i) {
    if (i == grants_a_step) {
      post_grant();
      return;
    }
    waiter& w = *waiters_.front();
    lease granted;
    if (obtain(w.bytes, granted) == acquisition::must_wait) {
      return;
    }
    waiters_.remove(w);
    if (waiters_.empty()) {
      waiting_.store(false, std::memory_order_seq_cst);
    }
    w.granted(std::move(granted));
  }
}

void pool_core::close() noexcept {
  assert(waiters_.empty());
  {
    const std::lock_guard hold(lock_);
    home_ = nullptr;
  }
  closed_.store(true, std::memory_order_seq_cst);
  take_returned();
  evict_until(0);
  while (spare_ != nullptr) {
    delete std::exchange(spare_, spare_->class_older);
  }
  drop_reference();
}

// After the close, on whatever thread gave a block back last.
void pool_core::free_returned() noexcept {
  block* b = returned_.exchange(nullptr, std::memory_order_seq_cst);
  while (b != nullptr) {
    block* next = b->next_returned;
    upstream_->deallocate(b->data, static_cast<std::size_t>(b->capacity), alignment);
    delete b;
    b = next;
  }
}

void pool_core::drop_reference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

pool_usage pool_core::usage() noexcept {
  take_returned();
  return {.budget = budget_,
          .in_use = in_use_,
          .cached = cache_.bytes(),
          .high_water = high_water_,
          .leases = leases_.load(std::memory_order_relaxed),
          .held_by_user = held_.load(std::memory_order_relaxed),
          .bytes_held_by_user = held_bytes_.load(std::memory_order_relaxed),
          .waiting = waiters_.size()};
}

} // namespace weir::memory
