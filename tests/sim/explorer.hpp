#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "schedule.hpp"

namespace weir::explore {

struct exploration {
  std::uint64_t schedules = 100'000;
  std::uint64_t seed = 1;
  std::optional<std::uint32_t> pipeline{}; ///< only this one
  int processes = 0;                       ///< 0: one for each core
  std::function<void(std::uint64_t ran)> progress{};
};

struct violation {
  schedule where;
  std::string what;
};

struct findings {
  std::uint64_t schedules = 0;
  std::array<std::uint64_t, 3> endings{}; ///< done, failed, stopped
  double seconds = 0;
  std::optional<violation> first;
};

/// Goes through schedules until it has run so many, or one breaks the contract, crashes or hangs: for each pipeline and seed,
/// one undisturbed run; then one with a stop at each of its points; one with each open and read giving each errno, each
/// submission refused, each allocation failing, alone and with all after it, each job without memory, each thread missing; and
/// as many pairs of a stop and a failure as it has points. Where there are fewer runs to spend, an even part of each. What is
/// planted (see explore.hpp) stays so.
[[nodiscard]] findings explore(const exploration& e);

/// One run in a process of its own. Gives what is wrong with it.
[[nodiscard]] std::optional<std::string> run_apart(const schedule& s);

} // namespace weir::explore
