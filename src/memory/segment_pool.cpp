#include "segment_pool.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <memory>
#include <new>
#include <utility>

#include "poison.hpp"

namespace weir::memory {

namespace {
constexpr std::size_t alignment = 64;
constexpr int grants_a_step = 64; // then the loop has its turn
constexpr std::uint64_t most_kept = 4;
constexpr int given_up_a_request = 2;
} // namespace

struct segment_pool::slab {
  slab* next;
  std::byte* data;
  std::uint64_t count;
  std::unique_ptr<segment[]> segments;
};

segment_pool::segment_pool(std::uint64_t budget, std::pmr::memory_resource* upstream, detail::context& home) noexcept
    : upstream_(upstream != nullptr ? upstream : &system_), home_(home),
      limit_(std::max<std::uint64_t>(budget / segment_bytes, 1)), grant_(*this) {}

segment_pool::~segment_pool() {
  assert(waiters_.empty() && in_use_ == 0);
  home_.unpost(grant_);
  while (beyond_ != nullptr) {
    destroy(*std::exchange(beyond_, beyond_->next));
  }
  while (slabs_ != nullptr) {
    const std::unique_ptr<slab> s(std::exchange(slabs_, slabs_->next));
    for (std::uint64_t i = 0; i < s->count; ++i) {
      unpoison(s->data + i * segment_bytes, segment_bytes);
    }
    upstream_->deallocate(s->data, s->count * segment_bytes, alignment);
  }
}

acquisition segment_pool::try_acquire(std::uint32_t count, segment*& chain, bool urgent) noexcept {
  if (count > limit_) {
    return acquisition::never;
  }
  if (waiters_.blocks(urgent) || !fits(count)) {
    return acquisition::must_wait;
  }
  return force(count, chain);
}

acquisition segment_pool::force(std::uint32_t count, segment*& chain) noexcept {
  segment* const got = obtain(count);
  if (got == nullptr && count != 0) {
    return acquisition::out_of_memory;
  }
  chain = got;
  return acquisition::granted;
}

void segment_pool::enqueue(segment_waiter& w, bool urgent) noexcept {
  waiters_.add(w, urgent);
  serve_later_if_possible();
}

void segment_pool::remove(segment_waiter& w) noexcept {
  if (w.queued()) {
    waiters_.remove(w);
    serve_later_if_possible(); // it may have been what the others waited behind
  }
}

void segment_pool::make_urgent(segment_waiter& w) noexcept {
  assert(w.queued());
  waiters_.remove(w);
  waiters_.add(w, true);
  serve_later_if_possible();
}

void segment_pool::put_back(segment* chain) noexcept {
  while (chain != nullptr) {
    segment& s = *std::exchange(chain, chain->next);
    --in_use_;
    const bool beyond = made_ > limit_ && !in_slab(s);
    if (beyond && made_ > most_kept * limit_) {
      destroy(s);
    } else {
      poison(s.data, segment_bytes);
      segment*& kept = beyond ? beyond_ : free_;
      s.next = kept;
      kept = &s;
    }
  }
}

void segment_pool::release(segment* chain) noexcept {
  put_back(chain);
  serve_later_if_possible();
  for (release_watcher* w = watchers_; w != nullptr; w = w->next_) {
    w->segments_released();
  }
}

void segment_pool::watch(release_watcher& w) noexcept {
  w.next_ = watchers_;
  watchers_ = &w;
}

void segment_pool::unwatch(release_watcher& w) noexcept {
  for (release_watcher** at = &watchers_; *at != nullptr; at = &(*at)->next_) {
    if (*at == &w) {
      *at = w.next_;
      return;
    }
  }
}

// Giving memory back to the system costs as much as reading into it. What is above the limit goes by and by, and not while a
// stop waits.
void segment_pool::give_up_some() noexcept {
  for (int i = 0; i < given_up_a_request && beyond_ != nullptr; ++i) {
    destroy(*std::exchange(beyond_, beyond_->next));
  }
}

// All or nothing.
segment* segment_pool::obtain(std::uint32_t count) noexcept {
  give_up_some();
  segment* chain = nullptr;
  segment** end = &chain; // the one released last comes first: a file may need no more
  for (std::uint32_t i = 0; i < count; ++i) {
    segment* s = take_free();
    if (s == nullptr) {
      // By as many as there are, if they can be had.
      const std::uint64_t room = limit_ - std::min(made_, limit_);
      const bool added = room != 0 && (add_slab(std::clamp<std::uint64_t>(made_, 1, room)) || add_slab(1));
      s = added ? take_free() : room == 0 ? make() : nullptr;
    }
    if (s == nullptr) {
      put_back(chain); // nobody is told: who asks again when something was released would do so without end
      return nullptr;
    }
    s->used = 0;
    s->next = nullptr;
    *end = s;
    end = &s->next;
    ++in_use_;
  }
  return chain;
}

segment* segment_pool::take_free() noexcept {
  segment*& kept = free_ != nullptr ? free_ : beyond_;
  segment* const s = kept;
  if (s != nullptr) {
    kept = s->next;
    unpoison(s->data, segment_bytes);
  }
  return s;
}

// False if there is no memory. Whatever a user's resource throws ends here.
bool segment_pool::add_slab(std::uint64_t count) noexcept {
  const auto bytes = static_cast<std::size_t>(count * segment_bytes);
  try {
    auto added = std::make_unique<slab>(slab{slabs_, nullptr, count, std::make_unique<segment[]>(count)});
    added->data = static_cast<std::byte*>(upstream_->allocate(bytes, alignment));
    slabs_ = added.release();
  } catch (...) {
    return false;
  }
  for (std::uint64_t i = count; i > 0; --i) { // the first of them will be given out first
    segment& s = slabs_->segments[i - 1];
    s.data = slabs_->data + (i - 1) * segment_bytes;
    s.capacity = segment_bytes;
    s.next = free_;
    free_ = &s;
    poison(s.data, segment_bytes);
  }
  most_made_ = std::max(most_made_, made_ += count);
  return true;
}

bool segment_pool::in_slab(const segment& s) const noexcept {
  for (const slab* in = slabs_; in != nullptr; in = in->next) {
    const segment* const first = in->segments.get();
    if (!std::less<>{}(&s, first) && std::less<>{}(&s, first + in->count)) {
      return true;
    }
  }
  return false;
}

// Beyond the budget. Null if there is no memory.
segment* segment_pool::make() noexcept {
  auto* s = new (std::nothrow) segment;
  if (s == nullptr) {
    return nullptr;
  }
  try {
    s->data = static_cast<std::byte*>(upstream_->allocate(segment_bytes, alignment));
  } catch (...) {
    delete s;
    return nullptr;
  }
  s->capacity = segment_bytes;
  most_made_ = std::max(most_made_, ++made_);
  return s;
}

void segment_pool::destroy(segment& s) noexcept {
  unpoison(s.data, segment_bytes);
  upstream_->deallocate(s.data, segment_bytes, alignment);
  delete &s;
  --made_;
}

void segment_pool::serve_later_if_possible() noexcept {
  if (!waiters_.empty() && !grant_.queued() && (waiters_.front()->count > limit_ || fits(waiters_.front()->count))) {
    home_.post(grant_);
  }
}

void segment_pool::serve() noexcept {
  for (int i = 0; i < grants_a_step && !waiters_.empty(); ++i) {
    segment_waiter& w = *waiters_.front();
    segment* chain = nullptr;
    if (w.count <= limit_) {
      if (!fits(w.count)) {
        return;
      }
      chain = obtain(w.count);
    }
    waiters_.remove(w);
    w.granted(chain);
  }
  serve_later_if_possible();
}

segment_usage segment_pool::usage() const noexcept {
  return {.budget = limit_ * segment_bytes,
          .in_use = in_use_ * segment_bytes,
          .cached = (made_ - in_use_) * segment_bytes,
          .high_water = most_made_ * segment_bytes,
          .waiting = waiters_.size()};
}

} // namespace weir::memory
