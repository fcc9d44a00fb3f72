#pragma once

#include <atomic>
#include <cstddef>
#include <memory_resource>
#include <string>
#include <vector>

#include <weir/weir.hpp>

namespace cancel_stress {

/// What was found wrong in a run. On one thread.
class violations {
public:
  void expect(bool is_so, const std::string& else_say) {
    if (!is_so) {
      found_.push_back(else_say);
    }
  }
  [[nodiscard]] const std::vector<std::string>& found() const noexcept { return found_; }
  [[nodiscard]] bool none() const noexcept { return found_.empty(); }

private:
  std::vector<std::string> found_;
};

/// Pixels' memory that knows how much of it is out. Any thread.
class counting_memory final : public std::pmr::memory_resource {
public:
  [[nodiscard]] std::size_t out() const noexcept { return out_.load(); } ///< bytes

private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  std::atomic<std::size_t> out_{0};
};

/// The threads and descriptors of this process.
struct belongings {
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  friend bool operator==(const belongings&, const belongings&) noexcept = default;
};
[[nodiscard]] belongings belongings_now();

/// After everything has ended the process has what it had. A thread that was joined leaves /proc a moment later: this waits up
/// to two seconds for it.
void expect_same(violations& v, const belongings& before);

/// A runtime in which nothing runs, and of which the user holds so many blocks.
void expect_quiescent(violations& v, const weir::runtime& rt, std::size_t held);

} // namespace cancel_stress
