#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/weir.hpp>

#include "cli/places.hpp"
#include "known_images.hpp"

namespace cancel_stress {

/// How a run is to end.
enum class end_kind : std::uint8_t {
  stop_before_start,
  stop_from_thread,
  stop_from_inside, ///< by the consumer
  deadline,
  error_in_stage,
  error_in_consumer,
  early_break,
  runtime_destroyed, ///< right after a stop from another thread
};
inline constexpr std::size_t end_kinds = 8;
[[nodiscard]] std::string_view name_of(end_kind k) noexcept;

enum class middle_stage : std::uint8_t { inspect, transform, slow_transform, filter, prefetch, through, repeat };
enum class bad_items : std::uint8_t { fail_unsaid, fail, skip, blank };

/// Where a run may happen.
struct place {
  cli::loop_choice loop = cli::loop_choice::own;
  cli::engine_choice engine = cli::engine_choice::automatic;
};

/// All that a seed decides.
struct plan {
  std::uint64_t seed = 0;
  place where;
  int workers = 1;
  std::uint64_t memory = 0;      ///< bytes
  std::uint64_t file_memory = 0; ///< bytes
  int io_depth = 1;
  bool counted_memory = false; ///< from a memory resource that counts

  std::vector<std::string> inputs;
  std::uint64_t repeat = 1; ///< passes over the inputs; 0: for ever
  std::size_t format = 0;   ///< of `formats`
  weir::order order = weir::order::input;
  std::size_t reads = 1; ///< in flight
  std::vector<middle_stage> stages;
  bad_items policy = bad_items::fail_unsaid;
  std::size_t batch = 1; ///< images
  weir::batch_options batches;
  std::size_t prefetch = 0; ///< batches; 0: none

  end_kind how = end_kind::stop_from_thread;
  std::chrono::microseconds after{}; ///< from the start, for stops and the deadline
  std::uint64_t nth = 0;             ///< batch (or, in a stage, image) at which it breaks off or fails
  bool pulls = false;                ///< with_stream instead of for_each; then it may close the stream itself
  bool closes = false;
  bool slow_consumer = false;
  std::size_t holds = 0; ///< batches that are kept until the runtime is gone

  /// Nobody but a stop may end it, if all goes well.
  [[nodiscard]] bool endless() const noexcept { return repeat == 0; }
};

/// `places` is not empty.
[[nodiscard]] plan plan_of(std::uint64_t seed, const known_images& known, const std::vector<place>& places);

/// A few lines for people.
[[nodiscard]] std::string describe(const plan& p);

} // namespace cancel_stress
