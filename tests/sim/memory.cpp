#include "memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unordered_map>

#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_FREED_IS_SEEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_FREED_IS_SEEN 1
#endif
#endif

#include "workers/fiber.hpp"
#include <weir/detail/explore.hpp>

namespace weir::explore {

using detail::explore::own_business;

heap the_heap;
constexpr unsigned char pattern = 0xDB;
void (*on_broken_memory)(const char*) = nullptr;

namespace {

bool intact(const void* p, std::size_t bytes) noexcept {
  const auto* const at = static_cast<const unsigned char*>(p);
  return bytes == 0 || (at[0] == pattern && std::memcmp(at, at + 1, bytes - 1) == 0);
}

void broken(const char* what) noexcept {
  if (on_broken_memory != nullptr) {
    on_broken_memory(what);
  }
  std::abort();
}

// Kept by pools, by address.
std::unordered_map<const void*, std::size_t>& kept() {
  static std::unordered_map<const void*, std::size_t> regions(1 << 12); // it never grows, as the heap is counted
  return regions;
}

void on_poison(const void* p, std::size_t bytes) noexcept {
  const own_business ours;
  if (!kept().emplace(p, bytes).second) {
    broken("memory came back to its pool twice");
  }
  std::memset(const_cast<void*>(p), pattern, bytes);
}

void on_unpoison(const void* p, std::size_t) noexcept {
  const own_business ours;
  const auto at = kept().find(p);
  if (at == kept().end()) {
    return; // fresh from its resource
  }
  if (!intact(p, at->second)) {
    broken("memory that was nobody's was written to");
  }
  kept().erase(at);
}

} // namespace

/// Whether this allocation is to fail.
bool fails() noexcept {
  heap& h = the_heap;
  if (!h.counting || detail::explore::aside != 0) {
    return false;
  }
  ++h.allocations;
  const bool now = h.allocations == h.fail_at || (h.fail_from != 0 && h.allocations >= h.fail_from) ||
                   (h.failing_job != nullptr && workers::fiber::current() == h.failing_job);
  h.failed += now ? 1 : 0;
  return now;
}

void watch_pools() {
  (void)kept();
  detail::explore::poisoned = &on_poison;
  detail::explore::unpoisoned = &on_unpoison;
}

void* quarantine::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (fails()) {
    throw std::bad_alloc();
  }
  const own_business ours;
  ++live_;
  return ::operator new(bytes, std::align_val_t(alignment));
}

void quarantine::do_deallocate(void* p, std::size_t bytes, std::size_t alignment) {
  const own_business ours;
  --live_;
  std::memset(p, pattern, bytes);
  kept_.push_back({static_cast<std::byte*>(p), bytes, alignment});
}

const char* quarantine::look() const noexcept {
  const bool whole = std::all_of(kept_.begin(), kept_.end(), [](const block& b) { return intact(b.data, b.bytes); });
  return whole ? nullptr : "memory was written to after it had been freed";
}

quarantine::~quarantine() {
  const own_business ours;
  for (const block& b : kept_) {
    ::operator delete(b.data, std::align_val_t(b.alignment));
  }
}

} // namespace weir::explore

// --- this program's new and delete

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (weir::explore::fails()) {
    return nullptr;
  }
  void* const p =
      alignment <= 16 ? std::malloc(bytes) : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  weir::explore::the_heap.live += p != nullptr ? 1 : 0;
  return p;
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const p = allocate(bytes, alignment);
  if (p == nullptr) {
    throw std::bad_alloc();
  }
  return p;
}

void free_filled(void* p) noexcept {
  if (p != nullptr) {
    --weir::explore::the_heap.live;
#ifndef WEIR_FREED_IS_SEEN
    std::memset(p, weir::explore::pattern, malloc_usable_size(p)); // who uses it yet shall notice
#endif
    std::free(p);
  }
}

} // namespace

void* operator new(std::size_t n) { return allocate_or_throw(n, 0); }
void* operator new[](std::size_t n) { return allocate_or_throw(n, 0); }
void* operator new(std::size_t n, std::align_val_t a) { return allocate_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return allocate_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return allocate(n, 0); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return allocate(n, 0); }
void operator delete(void* p) noexcept { free_filled(p); }
void operator delete[](void* p) noexcept { free_filled(p); }
void operator delete(void* p, std::size_t) noexcept { free_filled(p); }
void operator delete[](void* p, std::size_t) noexcept { free_filled(p); }
void operator delete(void* p, std::align_val_t) noexcept { free_filled(p); }
void operator delete[](void* p, std::align_val_t) noexcept { free_filled(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { free_filled(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { free_filled(p); }
