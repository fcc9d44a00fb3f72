#pragma once

#include <cstdint>

#include "run.hpp"
#include "schedule.hpp"

namespace weir::explore {

/// All the disturbed runs of one pipeline and seed.
class plan {
public:
  /// `undisturbed`: what the run without a stop and without a failure counted.
  plan(const schedule& base, const counts& undisturbed) noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] schedule at(std::uint64_t index) const noexcept;

private:
  [[nodiscard]] std::uint64_t faults() const noexcept;
  void set_fault(schedule& s, std::uint64_t index) const noexcept;
  schedule base_;
  counts undisturbed_;
};

} // namespace weir::explore
