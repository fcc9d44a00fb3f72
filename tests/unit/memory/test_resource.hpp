#pragma once

#include <atomic>
#include <cstddef>
#include <memory_resource>
#include <new>

namespace weir::memory {

/// A memory resource that counts, and that fails on request.
class test_resource final : public std::pmr::memory_resource {
public:
  std::atomic<std::size_t> bytes{0};      // obtained now
  std::atomic<std::size_t> most_bytes{0}; // at any time
  std::atomic<int> allocations{0};
  int fail_after = -1; // so many more succeed; -1: all

private:
  void* do_allocate(std::size_t n, std::size_t alignment) override {
    if (fail_after == 0) {
      throw std::bad_alloc();
    }
    fail_after -= fail_after > 0 ? 1 : 0;
    ++allocations;
    bytes += n;
    most_bytes = bytes > most_bytes ? bytes.load() : most_bytes.load();
    return ::operator new(n, std::align_val_t(alignment));
  }
  void do_deallocate(void* p, std::size_t n, std::size_t alignment) override {
    bytes -= n;
    ::operator delete(p, n, std::align_val_t(alignment));
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

} // namespace weir::memory
