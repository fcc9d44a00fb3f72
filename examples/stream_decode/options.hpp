#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stream_decode {

enum class shape_choice : std::uint8_t { ragged, same, group };
enum class order_choice : std::uint8_t { input, completion };
enum class error_choice : std::uint8_t { fail, skip, blank };
enum class loop_choice : std::uint8_t { own, uv };
enum class engine_choice : std::uint8_t { automatic, uring, blocking };
enum class progress_choice : std::uint8_t { automatic, always, never };

/// What the command line asked for, checked: every number is in its range.
struct options {
  std::vector<std::string> paths; ///< as given, bytes untouched: files, directories, "@FILE", "-"
  std::uint32_t batch = 32;       ///< images
  bool drop_remainder = false;
  shape_choice shapes = shape_choice::ragged;
  int channels = 3; ///< 0 to 4
  int bits = 8;     ///< 8 or 16
  order_choice order = order_choice::input;
  error_choice on_error = error_choice::fail;
  std::optional<std::uint64_t> max_errors; ///< that may be skipped or blanked before the run fails
  std::uint32_t workers = 1;               ///< set by `parse_command_line`: the cores that this process may use
  std::uint64_t memory = 256U << 20U;      ///< bytes
  loop_choice loop = loop_choice::own;
  engine_choice engine = engine_choice::automatic;
  std::uint64_t repeat = 1; ///< passes; 0: until stopped
  std::optional<std::chrono::nanoseconds> cancel_after;
  bool list = false;
  std::optional<std::string> output; ///< a directory
  bool json = false;
  progress_choice progress = progress_choice::automatic;
};

/// What the command line comes to: options, or something to print and an exit code (--help and --version: 0, on stdout; bad
/// usage: 2, on stderr).
struct command_line {
  std::optional<options> parsed;
  int exit_code = 0;
  std::string text;
};

/// Never throws on bad input: that is a `command_line` with exit code 2 whose text says what to do.
[[nodiscard]] command_line parse_command_line(int argc, const char* const* argv);

/// Bytes of "4096", "64K", "256M" or "1G" (binary: K is 1024; lower case will do). Throws std::invalid_argument with a message
/// that says what is accepted.
[[nodiscard]] std::uint64_t parse_size(const std::string& text);

/// The time of "50ms", "2s", "1.5s", "300us", "2m" or "1h". The unit is needed. Throws std::invalid_argument as above.
[[nodiscard]] std::chrono::nanoseconds parse_duration(const std::string& text);

/// The cores that this process may run on: those of its affinity mask.
[[nodiscard]] std::uint32_t cores_available() noexcept;

} // namespace stream_decode
