#include <weir/detail/recycler.hpp>

#include <cstdlib>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_RECYCLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_RECYCLE 0
#endif
#endif
#ifndef WEIR_RECYCLE
#define WEIR_RECYCLE 1
#endif

namespace weir::detail {

namespace {

// Before each block: where it came from. 16 bytes keep the block aligned.
struct alignas(16) block_header {
  frame_recycler* origin;
};

thread_local frame_recycler* current_recycler = nullptr;

block_header* header_of(void* p) noexcept { return static_cast<block_header*>(p) - 1; }

} // namespace

frame_recycler* frame_recycler::create() { return new frame_recycler; }

frame_recycler::~frame_recycler() {
  for (std::byte* slab : slabs_) {
    std::free(slab);
  }
}

frame_recycler* frame_recycler::current() noexcept { return current_recycler; }

frame_recycler* frame_recycler::exchange_current(frame_recycler* r) noexcept { return std::exchange(current_recycler, r); }

void* frame_recycler::take(std::size_t cls) {
  if (free_block* b = free_[cls]; b != nullptr) {
    free_[cls] = b->next;
    return b;
  }
  const std::size_t bytes = (cls + 1) * granule;
  if (bump_left_ < bytes) {
    // What is left of the old slab is less than one block of this class: it is lost, at most 3 % of a slab.
    slabs_.reserve(slabs_.size() + 1);
    auto* slab = static_cast<std::byte*>(std::aligned_alloc(granule, slab_bytes));
    if (slab == nullptr) {
      throw std::bad_alloc{};
    }
    slabs_.push_back(slab);
    bump_ = slab;
    bump_left_ = slab_bytes;
  }
  void* p = bump_;
  bump_ += bytes;
  bump_left_ -= bytes;
  return p;
}

[[gnu::noinline]] void* frame_recycler::allocate(std::size_t bytes) {
  const std::size_t total = bytes + sizeof(block_header);
  frame_recycler* const r = current_recycler;
  const std::size_t cls = (total - 1) / granule;
  void* raw = nullptr;
  if (WEIR_RECYCLE != 0 && r != nullptr && cls < classes) {
    raw = r->take(cls);
  } else {
    raw = std::malloc(total);
    if (raw == nullptr) {
      throw std::bad_alloc{};
    }
  }
  auto* h = static_cast<block_header*>(raw);
  h->origin = r;
  if (r != nullptr) {
    ++r->live_;
  }
  return h + 1;
}

[[gnu::noinline]] void frame_recycler::deallocate(void* p, std::size_t bytes) noexcept {
  block_header* const h = header_of(p);
  frame_recycler* const origin = h->origin;
  const std::size_t cls = (bytes + sizeof(block_header) - 1) / granule;
  if (origin == nullptr) {
    std::free(h);
    return;
  }
  const bool heap = WEIR_RECYCLE == 0 || cls >= classes;
  auto* b = reinterpret_cast<free_block*>(h);
  if (origin != current_recycler) {
    if (heap) {
      std::free(h);
      b = nullptr;
    }
    origin->give_back_elsewhere(b, cls);
    return;
  }
  --origin->live_;
  if (heap) {
    std::free(h);
    return;
  }
  b->next = origin->free_[cls];
  origin->free_[cls] = b;
}

void frame_recycler::give_back_elsewhere(free_block* b, std::size_t cls) noexcept {
  bool last = false;
  {
    const std::lock_guard lock(elsewhere_mutex_);
    if (b != nullptr) {
      b->next = elsewhere_[cls];
      elsewhere_[cls] = b;
    }
    if (closed_) {
      last = --orphans_ == 0;
    } else {
      ++elsewhere_count_;
    }
  }
  if (last) {
    delete this;
  }
}

void frame_recycler::collect() noexcept {
  const std::lock_guard lock(elsewhere_mutex_);
  live_ -= std::exchange(elsewhere_count_, 0);
  for (std::size_t c = 0; c < classes; ++c) {
    while (free_block* b = elsewhere_[c]) {
      elsewhere_[c] = b->next;
      b->next = free_[c];
      free_[c] = b;
    }
  }
}

std::size_t frame_recycler::live() noexcept {
  collect();
  return live_;
}

void frame_recycler::close() noexcept {
  collect();
  bool last = false;
  {
    const std::lock_guard lock(elsewhere_mutex_);
    closed_ = true;
    orphans_ = live_ - std::exchange(elsewhere_count_, 0);
    last = orphans_ == 0;
  }
  if (last) {
    delete this;
  }
}

} // namespace weir::detail
