#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "schedule.hpp"
#include <weir/outcome.hpp>

namespace weir::explore {

/// What a run did, counted: how far it can be stopped, and what could fail in it.
struct counts {
  std::uint64_t points = 0;
  std::uint64_t opens = 0;
  std::uint64_t reads = 0;
  std::uint64_t submits = 0;
  std::uint64_t allocations = 0;
  std::uint64_t jobs = 0;
  ending how = ending::done;
  std::uint64_t log_hash = 0;
  std::string log; ///< if it was asked for
};

/// Runs it, and checks the whole contract: `violated` is called with what is broken, and doesn't return.
[[nodiscard]] counts run(const schedule& s, const std::function<void(const std::string&)>& violated, bool keep_log = false);

} // namespace weir::explore
