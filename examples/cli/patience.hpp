#pragma once

#include <chrono>
#include <optional>

#include "signals.hpp"

namespace cli {

/// How long a run may go on: until a signal, or until the time of --cancel-after. Finding the inputs looks at it too, and
/// waiting for a slow reader.
struct patience {
  signals* stop = nullptr;                                         ///< may be null
  std::optional<std::chrono::steady_clock::time_point> deadline{}; ///< none: for ever

  [[nodiscard]] bool over() const {
    return (stop != nullptr && stop->received() != 0) || (deadline && std::chrono::steady_clock::now() >= *deadline);
  }
};

/// Waits until `descriptor` can be read (POLLIN) or written (POLLOUT), or is broken, and says true; false when patience is over
/// first.
[[nodiscard]] bool wait_for(int descriptor, short events, const patience& limit);

} // namespace cli
