#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/grammar.hpp"
#include "cli/places.hpp"
#include "cli/progress.hpp"

namespace cancel_stress {

/// What the command line asked for, checked.
struct options {
  std::vector<std::string> paths;
  double seconds = 10;
  std::optional<std::uint64_t> runs;        ///< instead of seconds
  std::optional<std::uint64_t> seed;        ///< of the first run; the others count on from there. None: another each time
  std::optional<cli::loop_choice> loop;     ///< none: both, by turns
  std::optional<cli::engine_choice> engine; ///< none: all that the machine allows, by turns
  bool json = false;
  cli::progress_choice progress = cli::progress_choice::automatic;
};

[[nodiscard]] cli::command_line<options> parse_command_line(int argc, const char* const* argv);

[[nodiscard]] const char* name_of(cli::loop_choice l) noexcept;
[[nodiscard]] const char* name_of(cli::engine_choice e) noexcept;

} // namespace cancel_stress
