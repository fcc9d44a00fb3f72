// Stands in for the C library's malloc, in the whole program and its libraries, and counts.
#include "heap_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
// glibc's own, by the names that are there for this.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {
std::atomic<std::uint64_t> calls{0};
void count() noexcept { calls.fetch_add(1, std::memory_order_relaxed); }
} // namespace

std::uint64_t weir::test::heap_calls() noexcept { return calls.load(std::memory_order_relaxed); }

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  count();
  return __libc_malloc(bytes);
}
void* calloc(std::size_t many, std::size_t bytes) noexcept {
  count();
  return __libc_calloc(many, bytes);
}
void* realloc(void* old, std::size_t bytes) noexcept {
  count();
  return __libc_realloc(old, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** into, std::size_t alignment, std::size_t bytes) noexcept {
  count();
  *into = __libc_memalign(alignment, bytes);
  return *into != nullptr ? 0 : ENOMEM;
}
void* mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t at) noexcept {
  count();
  return reinterpret_cast<void*>(syscall(SYS_mmap, where, bytes, protection, flags, file, at));
}

} // extern "C"
