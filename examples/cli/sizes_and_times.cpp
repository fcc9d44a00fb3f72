#include "sizes_and_times.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <sched.h>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace cli {

namespace {

unsigned shift_of(char suffix) noexcept {
  switch (suffix) {
  case 'k':
  case 'K': return 10;
  case 'm':
  case 'M': return 20;
  case 'g':
  case 'G': return 30;
  default: return 0;
  }
}

std::invalid_argument bad_size(const std::string& text) {
  return std::invalid_argument("'" + text +
                               "' is not a size: give a whole number of bytes, or one with K, M or G (64K, 256M, 1G)");
}

std::invalid_argument bad_duration(const std::string& text) {
  return std::invalid_argument("'" + text + "' is not a time: give a number and a unit, of us, ms, s, m, h (50ms, 1.5s, 2m)");
}

std::optional<double> nanoseconds_in(std::string_view unit) noexcept {
  constexpr std::pair<std::string_view, double> units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  for (const auto& [name, value] : units)
    if (name == unit)
      return value;
  return std::nullopt;
}

} // namespace

std::uint64_t parse_size(const std::string& text) {
  std::string_view digits = text;
  unsigned shift = 0;
  if (!digits.empty()) {
    shift = shift_of(digits.back());
    if (shift != 0)
      digits.remove_suffix(1);
  }
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    throw bad_size(text);
  if (number > (std::numeric_limits<std::uint64_t>::max() >> shift))
    throw std::invalid_argument("'" + text + "' is more than this machine can count");
  return number << shift;
}

std::chrono::nanoseconds parse_duration(const std::string& text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem != std::errc{})
    throw bad_duration(text);
  const auto unit = nanoseconds_in(std::string_view(end, text.data() + text.size()));
  if (!unit || !std::isfinite(number) || number < 0)
    throw bad_duration(text);
  constexpr double longest = 9.0e18; // of what 64 bits of nanoseconds hold: 285 years
  if (number * *unit > longest)
    throw std::invalid_argument("'" + text + "' is too long: at most 285 years");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(number * *unit));
}

std::uint32_t cores_available() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) // more than 1,024 cores: then one worker a core is not what is wanted either
    return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<std::uint32_t>(count) : 1;
}

} // namespace cli
