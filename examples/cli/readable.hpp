#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// "1.50 GiB", "12 B".
[[nodiscard]] std::string readable_bytes(std::uint64_t bytes);

/// "459 µs", "1.2 ms", "3.00 s".
[[nodiscard]] std::string readable_time(double microseconds);

/// TAB, newline and backslash as \t, \n and \\; other bytes as they are.
[[nodiscard]] std::string escaped(std::string_view text);

/// The same, and other control characters as ?: a file's name doesn't get to write on a terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// As one word for a shell that reads a command line: bash, where it isn't plain.
[[nodiscard]] std::string quoted(std::string_view text);

} // namespace cli
