#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

/// Bytes of "4096", "64K", "256M" or "1G" (binary: K is 1024; lower case will do). Throws std::invalid_argument with a message
/// that says what is accepted.
[[nodiscard]] std::uint64_t parse_size(const std::string& text);

/// The time of "50ms", "2s", "1.5s", "300us", "2m" or "1h". The unit is needed. Throws std::invalid_argument as above.
[[nodiscard]] std::chrono::nanoseconds parse_duration(const std::string& text);

/// The cores that this process may run on: those of its affinity mask.
[[nodiscard]] std::uint32_t cores_available() noexcept;

} // namespace cli
