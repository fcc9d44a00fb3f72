#pragma once

#include <cstddef>
#include <memory_resource>

namespace weir::memory {

/// Where blocks come from if the user supplies nothing: pages of their own from the kernel from 64 KiB on, which are given back
/// to it at once when they are freed (malloc's threshold for that moves, which would break any bound on resident memory); the
/// heap below. Any thread. Stateless.
class system_resource final : public std::pmr::memory_resource {
public:
  static constexpr std::size_t mapped_from = 64 * 1024;

private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override; // throws std::bad_alloc
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;
};

} // namespace weir::memory
