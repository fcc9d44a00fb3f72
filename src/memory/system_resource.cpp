#include "system_resource.hpp"

#include <new>

#include <sys/mman.h>

namespace weir::memory {

namespace {
constexpr std::size_t page = 4096; // the alignment that mapped memory has on any kernel
}

void* system_resource::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (bytes < mapped_from || alignment > page) {
    return ::operator new(bytes, std::align_val_t(alignment));
  }
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    throw std::bad_alloc();
  }
  return p;
}

void system_resource::do_deallocate(void* p, std::size_t bytes, std::size_t alignment) {
  if (bytes < mapped_from || alignment > page) {
    ::operator delete(p, bytes, std::align_val_t(alignment));
  } else {
    munmap(p, bytes);
  }
}

bool system_resource::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
  return dynamic_cast<const system_resource*>(&other) != nullptr;
}

} // namespace weir::memory
