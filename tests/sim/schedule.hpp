#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::explore {

/// What is made to fail in a run.
enum class fault : std::uint8_t {
  none,
  open,       ///< the k-th open gives an errno
  read,       ///< the k-th read does
  submit,     ///< the kernel refuses the k-th submission for a while
  allocation, ///< the k-th allocation has no memory
  memory,     ///< neither the k-th allocation nor any after it has memory
  job,        ///< no allocation in the k-th job has
  thread,     ///< 1: the workers can't be started; 2: the engine's thread can't
};

/// One run, from beginning to end: it is the same each time.
struct schedule {
  std::uint32_t pipeline = 0;
  std::uint64_t seed = 0;
  std::uint64_t stop_at = 0; ///< the point at which a stop is requested, as from another thread; 0: none
  fault what = fault::none;
  std::uint64_t k = 0;
  int error = 0; ///< with open and read: an errno, or 512
};

/// What reproduces it: `tools/explore --pipeline 3 --seed 17 --stop-at 205 --fail open:2:24`.
[[nodiscard]] std::string command_for(const schedule& s, std::string_view planted);
[[nodiscard]] std::string to_text(fault what, std::uint64_t k, int error);
/// Of `--fail`: false if it isn't one.
[[nodiscard]] bool parse_fault(std::string_view text, schedule& to);

} // namespace weir::explore
