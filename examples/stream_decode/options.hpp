#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/grammar.hpp"
#include "cli/places.hpp"
#include "cli/progress.hpp"

namespace stream_decode {

enum class shape_choice : std::uint8_t { ragged, same, group };
enum class order_choice : std::uint8_t { input, completion };
enum class error_choice : std::uint8_t { fail, skip, blank };
enum class decoder_choice : std::uint8_t { fast, libpng };

/// What the command line asked for, checked: every number is in its range.
struct options {
  std::vector<std::string> paths; ///< as given, bytes untouched: files, directories, "@FILE", "-"
  std::uint32_t batch = 32;       ///< images
  bool drop_remainder = false;
  shape_choice shapes = shape_choice::ragged;
  int channels = 3; ///< 0 to 4
  int bits = 8;     ///< 8 or 16
  decoder_choice decoder = decoder_choice::fast;
  order_choice order = order_choice::input;
  error_choice on_error = error_choice::fail;
  std::optional<std::uint64_t> max_errors; ///< that may be skipped or blanked before the run fails
  std::uint32_t workers = 1;               ///< set by `parse_command_line`: the cores that this process may use
  std::uint64_t memory = 256U << 20U;      ///< bytes
  cli::loop_choice loop = cli::loop_choice::own;
  cli::engine_choice engine = cli::engine_choice::automatic;
  std::uint64_t repeat = 1; ///< passes; 0: until stopped
  std::optional<std::chrono::nanoseconds> cancel_after;
  bool list = false;
  std::optional<std::string> output; ///< a directory
  bool json = false;
  cli::progress_choice progress = cli::progress_choice::automatic;
};

/// Never throws on bad input: that is a `command_line` with exit code 2 whose text says what to do.
[[nodiscard]] cli::command_line<options> parse_command_line(int argc, const char* const* argv);

} // namespace stream_decode
