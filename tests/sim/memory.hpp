#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

namespace weir::explore {

/// What this program's operator new and delete count and do. Of everything but the simulator's own.
struct heap {
  std::uint64_t allocations = 0; ///< counted while `counting`
  bool counting = false;
  std::uint64_t fail_at = 0;         ///< that allocation has no memory; 0: none
  std::uint64_t fail_from = 0;       ///< nor has that one any, nor any after it; 0: all have
  const void* failing_job = nullptr; ///< the fiber of the job that has none either; null: none
  std::uint64_t failed = 0;          ///< so many had none
  std::int64_t live = 0;             ///< blocks, the simulator's included
};
extern heap the_heap;

/// Watches the memory that pools keep: it is filled with a pattern as long as it is nobody's, so that who writes into it is
/// found out at the latest when it is given out again, or freed.
void watch_pools();

/// A memory resource that keeps what is given back until its own end, filled with the pattern.
class quarantine final : public std::pmr::memory_resource {
public:
  quarantine() = default;
  quarantine(const quarantine&) = delete;
  quarantine& operator=(const quarantine&) = delete;
  ~quarantine() override;
  /// Null if all is well, else what is not.
  [[nodiscard]] const char* look() const noexcept;
  [[nodiscard]] std::size_t live() const noexcept { return live_; }

private:
  struct block {
    std::byte* data;
    std::size_t bytes;
    std::size_t alignment;
  };
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  std::vector<block> kept_;
  std::size_t live_ = 0;
};

/// Called with what is wrong with the memory; doesn't return.
extern void (*on_broken_memory)(const char*);

} // namespace weir::explore
