#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake_kernel.hpp"

namespace weir::test {

/// What the loop does while files are read, and the check that all of it came out as src/io/engine.hpp promises.
struct reading {
  struct input {
    std::string path;
    std::uint32_t segment = 64;    ///< bytes
    int segments = 1;              ///< at first
    bool stops_after_more = false; ///< is cancelled, instead of getting more segments
  };
  struct move {
    enum class what : std::uint8_t { submit, cancel, stop_root, turn, await } does; ///< `await`: until it has come back
    std::size_t which = 0;
  };

  std::string name;
  std::vector<input> inputs;
  std::vector<move> moves; ///< one a turn (but submits in a row in one), each while the I/O thread is in the kernel
  unsigned depth = 4;
  unsigned submission_entries = 256;
};

/// The scenarios that are explored: few files each, so that every fault at every call is tried.
const std::vector<reading>& readings();

/// Runs `scenario` over a fake kernel that does what `decides` says. Empty, or what was violated.
/// `adjust` may change the kernel first.
std::string run(const reading& scenario, plan& decides, const std::function<void(fake_kernel&)>& adjust = {});

} // namespace weir::test
