#include <weir/detail/recycler.hpp>

#include <algorithm>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(WEIR_EXPLORE) // each frame is an allocation that may fail
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

// Before each block: where it came from. A block is 16-byte aligned, what is carved from a slab begins 8 bytes before that.
struct block_header {
  frame_recycler* origin;
};
constexpr std::size_t heap_offset = 16; // of a block in what it is for the heap

// Initial-exec: one instruction, also from the shared library.
[[gnu::tls_model("initial-exec")]] thread_local frame_recycler* current_recycler = nullptr;

block_header* header_of(void* p) noexcept { return static_cast<block_header*>(p) - 1; }

void* heap_block(std::size_t bytes, frame_recycler* origin) {
  void* const p = static_cast<std::byte*>(::operator new(bytes + heap_offset)) + heap_offset;
  header_of(p)->origin = origin;
  return p;
}

void free_heap_block(void* p) noexcept { ::operator delete(static_cast<std::byte*>(p) - heap_offset); }

} // namespace

frame_recycler* frame_recycler::create() { return new frame_recycler; }

frame_recycler::~frame_recycler() {
  while (slabs_ != nullptr) {
    ::operator delete(std::exchange(slabs_, slabs_->next), std::align_val_t(64));
  }
}

frame_recycler* frame_recycler::current() noexcept { return current_recycler; }

frame_recycler* frame_recycler::exchange_current(frame_recycler* r) noexcept { return std::exchange(current_recycler, r); }

void* frame_recycler::carve(std::size_t bytes) {
  if (bump_left_ < bytes) {
    // What is left of the old slab is less than one block of this class: it is lost.
    slabs_ = ::new (::operator new(slab_bytes_, std::align_val_t(64))) slab{slabs_};
    bump_ = reinterpret_cast<std::byte*>(slabs_ + 1);
    bump_left_ = slab_bytes_ - sizeof(slab);
    slab_bytes_ = std::min(slab_bytes_ * 2, most_slab_bytes);
  }
  auto* const h = ::new (bump_) block_header{this};
  bump_ += bytes;
  bump_left_ -= bytes;
  return h + 1;
}

[[gnu::noinline]] void* frame_recycler::allocate(std::size_t bytes) {
  frame_recycler* const r = current_recycler;
  if (r == nullptr) {
    return heap_block(bytes, nullptr);
  }
  const std::size_t cls = (bytes + sizeof(block_header) - 1) / granule;
  void* p = nullptr;
  if (WEIR_RECYCLE == 0 || cls >= classes) {
    p = heap_block(bytes, r);
  } else if (free_block* const b = r->free_[cls]; b != nullptr) {
    r->free_[cls] = b->next;
    p = b;
  } else {
    p = r->carve((cls + 1) * granule);
  }
  ++r->live_;
  return p;
}

[[gnu::noinline]] void frame_recycler::deallocate(void* p, std::size_t bytes) noexcept {
  frame_recycler* const origin = header_of(p)->origin;
  if (origin == nullptr) {
    free_heap_block(p);
    return;
  }
  const std::size_t cls = (bytes + sizeof(block_header) - 1) / granule;
  auto* b = static_cast<free_block*>(p);
  if (WEIR_RECYCLE == 0 || cls >= classes) {
    free_heap_block(p);
    b = nullptr;
  }
  if (origin != current_recycler) {
    origin->give_back_elsewhere(b, cls);
    return;
  }
  --origin->live_;
  if (b != nullptr) {
    b->next = origin->free_[cls];
    origin->free_[cls] = b;
  }
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
