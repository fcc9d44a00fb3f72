#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <weir/error.hpp>
#include <weir/shape.hpp>

#include "cli/patience.hpp"
#include "options.hpp"
#include "report.hpp"

namespace stream_decode {

/// What can't be run at all: exit code 2. An engine that was asked for by name and that the machine forbids; a budget that
/// can't hold one batch (the message has the two numbers).
struct configuration_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the program wants to hear while a pipeline runs. All are called on the loop thread, between two of its turns, and may
/// be empty. One that throws output_error fails the run: the report's error is then that one's origin, stage "output", and
/// text.
struct hooks {
  /// A delivered image, in order of delivery; under `fail` also those before the failure whose batch wasn't complete. `crc32`
  /// is that of its pixels, and made only if the run was asked to list. Blanks come to `on_error` alone.
  std::function<void(std::uint64_t index, const std::string& path, const weir::shape& shape, std::uint32_t crc32)> on_image;
  /// An input that failed, where it would have been delivered; under `fail` the one that ended the run, after what came before.
  std::function<void(std::uint64_t index, const std::string& path, weir::stage where, std::string_view message)> on_error;
  /// After each batch, and after errors: inputs that are through, good and bad.
  std::function<void(std::uint64_t inputs_done)> on_progress;
};

/// Runs the pipeline that the options describe over the inputs, `options::repeat` times, and returns when all of it is gone. It
/// is stopped when patience is over; if that is so before the call, nothing starts, and the report says `stopped`. The signals'
/// callback is the pipeline's for as long as it runs. Throws configuration_error, and nothing else but std::bad_alloc.
[[nodiscard]] report run_pipeline(const options& asked, std::vector<std::string> inputs, const hooks& tell,
                                  const cli::patience& limit);

} // namespace stream_decode
