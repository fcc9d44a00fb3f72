#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <weir/outcome.hpp>

#include "contract.hpp"
#include "known_images.hpp"
#include "plan.hpp"

namespace cancel_stress {

/// What became of a run.
struct verdict {
  std::vector<std::string> violations;
  weir::ending how = weir::ending::done;
  /// From the stop, the error or the break until nothing was left. None where the stream just came to its end.
  std::optional<std::chrono::nanoseconds> quiescent_after{};
  std::string waited_for; ///< without whose it was; empty: nothing
  std::uint64_t images = 0;
};

/// One run, from the making of its runtime to the check of what is left. `before`: what the process has when nothing runs.
[[nodiscard]] verdict live(const plan& p, const known_images& known, const belongings& before);

} // namespace cancel_stress
