#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "../../src/memory/segment.hpp"

namespace weir::conformance {

/// A file as a chain of segments of `step` bytes, each in memory of its own, so that reading past one is found.
class chain {
public:
  explicit chain(const std::vector<std::uint8_t>& file, std::size_t step = memory::segment_bytes) {
    for (std::size_t at = 0; at < file.size(); at += step) {
      const std::size_t n = std::min(step, file.size() - at);
      pieces_.push_back(std::make_unique<std::byte[]>(n));
      std::memcpy(pieces_.back().get(), file.data() + at, n);
      segments_.push_back({pieces_.back().get(), static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n), nullptr});
    }
    for (std::size_t i = 1; i < segments_.size(); ++i) {
      segments_[i - 1].next = &segments_[i];
    }
  }
  [[nodiscard]] const memory::segment* first() const { return segments_.empty() ? nullptr : segments_.data(); }

private:
  std::vector<std::unique_ptr<std::byte[]>> pieces_;
  std::vector<memory::segment> segments_;
};

} // namespace weir::conformance
