#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using diary = std::vector<std::string>;

/// Writes its name down when it is destroyed, unless it was moved from.
class noted {
public:
  noted(diary& d, std::string name) : diary_(&d), name_(std::move(name)) {}
  noted(noted&& o) noexcept : diary_(std::exchange(o.diary_, nullptr)), name_(std::move(o.name_)) {}
  noted& operator=(noted&&) = delete;
  ~noted() {
    if (diary_ != nullptr) {
      diary_->push_back(name_);
    }
  }

private:
  diary* diary_;
  std::string name_;
};

/// How many there are.
class counted {
public:
  explicit counted(int& live) noexcept : live_(&live) { ++live; }
  counted(const counted& o) noexcept : live_(o.live_) { ++*live_; }
  counted& operator=(const counted&) = delete;
  counted(counted&& o) noexcept : live_(std::exchange(o.live_, nullptr)) {}
  ~counted() {
    if (live_ != nullptr) {
      --*live_;
    }
  }

private:
  int* live_;
};

/// The part of the stack between the calls that were looked at.
class stack_gauge {
public:
  void look() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    lowest_ = std::min(lowest_, here);
    highest_ = std::max(highest_, here);
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return highest_ - lowest_; }

private:
  std::uintptr_t lowest_ = std::numeric_limits<std::uintptr_t>::max();
  std::uintptr_t highest_ = 0;
};
/// What is allowed, whatever the build, the depth and the breadth.
inline constexpr std::size_t constant_stack = 16 * 1024;

/// Looks at the stack when it is made, and when it is destroyed.
class gauged {
public:
  explicit gauged(stack_gauge& g) noexcept : gauge_(&g) { g.look(); }
  gauged(const gauged&) = delete;
  gauged& operator=(const gauged&) = delete;
  ~gauged() { gauge_->look(); }

private:
  stack_gauge* gauge_;
};

} // namespace weir::test
