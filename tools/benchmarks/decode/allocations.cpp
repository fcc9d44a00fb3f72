#include "allocations.hpp"

#ifdef WEIR_SANITIZED

namespace bench {

bool start_counting() noexcept { return false; }
allocations stop_counting() noexcept { return {}; }

} // namespace bench

#else

// The C library's allocator, with a count in front of it: every library in the process calls these.
#include <atomic>
#include <cerrno>
#include <malloc.h>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> calls{0};
std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> peak{0};

void* counted(void* block) noexcept {
  if (counting.load(std::memory_order_relaxed) && block != nullptr) {
    ++calls;
    const std::int64_t now = live += static_cast<std::int64_t>(malloc_usable_size(block));
    if (now > peak)
      peak = now;
  }
  return block;
}

void released(void* block) noexcept {
  if (counting.load(std::memory_order_relaxed) && block != nullptr)
    live -= static_cast<std::int64_t>(malloc_usable_size(block));
}

} // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): glibc's own names
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

void* malloc(std::size_t size) noexcept { return counted(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) noexcept { return counted(__libc_calloc(count, size)); }
void* realloc(void* block, std::size_t size) noexcept {
  released(block);
  return counted(__libc_realloc(block, size));
}
void* memalign(std::size_t alignment, std::size_t size) noexcept { return counted(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return counted(__libc_memalign(alignment, size)); }
int posix_memalign(void** to, std::size_t alignment, std::size_t size) noexcept {
  void* block = __libc_memalign(alignment, size);
  if (block == nullptr)
    return ENOMEM;
  *to = counted(block);
  return 0;
}
void free(void* block) noexcept {
  released(block);
  __libc_free(block);
}
}

namespace bench {

bool start_counting() noexcept {
  calls = 0;
  live = 0;
  peak = 0;
  counting = true;
  return true;
}

allocations stop_counting() noexcept {
  counting = false;
  return {calls.load(), peak.load()};
}

} // namespace bench

#endif
