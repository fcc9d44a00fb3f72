#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/latency.hpp"

namespace stream_decode {

enum class run_outcome : std::uint8_t { done, failed, stopped };

/// Why the run failed.
struct run_failure {
  std::string origin; ///< a path; "stdout"
  std::string stage;  ///< open, read, header, decode, batch, user; "output" where a result couldn't be written
  std::string message;
};

/// What a run came to. Bytes, seconds and microseconds.
struct report {
  run_outcome outcome = run_outcome::done;
  bool stopped_by_deadline = false;   ///< with `stopped`: by --cancel-after, and not by a signal
  std::optional<run_failure> error{}; ///< with `failed`

  std::uint64_t images = 0; ///< delivered in batches, blanks included
  std::uint64_t errors = 0; ///< inputs that failed
  std::uint64_t batches = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_decoded = 0; ///< of delivered images
  double seconds = 0;              ///< from the first input taken to the end, teardown included

  std::string loop;   ///< own, uv
  std::string engine; ///< uring, blocking: the one that was used
  std::uint32_t workers = 0;
  struct pool_use {
    std::uint64_t budget = 0;
    std::uint64_t high_water = 0;
  } pool;
  struct latencies {
    std::optional<cli::percentiles> read{};   ///< asked to completed
    std::optional<cli::percentiles> decode{}; ///< job begun to ended
    std::optional<cli::percentiles> batch{};  ///< first image taken to delivered
  } latency_us;
  std::uint64_t copies = 0; ///< images that were copied into their batch
  struct teardown_time {
    double microseconds = 0;                 ///< from the end or the stop to quiescence
    std::optional<std::string> waited_for{}; ///< null or text
  } teardown;
  struct what_is_left {
    std::uint64_t frames = 0;
    std::uint64_t leases = 0;
    std::uint64_t operations = 0;
    std::uint64_t jobs = 0;
    std::uint64_t held_by_user = 0;
  } audit;

  /// 0 where no time passed.
  [[nodiscard]] double images_per_second() const noexcept { return seconds > 0 ? static_cast<double>(images) / seconds : 0; }
};

/// One JSON object on one line, without the newline. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string to_json(const report& from);

/// A few lines for people, each with its newline.
[[nodiscard]] std::string to_text(const report& from);

} // namespace stream_decode
