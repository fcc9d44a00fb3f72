#pragma once

#include <atomic>
#include <cstdint>
#include <stdexcept>

#include <weir/weir.hpp>

#include "plan.hpp"

namespace cancel_stress {

/// The error that a run makes where its plan says so.
struct planned_error : std::runtime_error {
  planned_error() : std::runtime_error("cancel_stress: the error that was planned") {}
};

/// The pipeline of a plan. `images` counts those that a failing stage has seen; it and `on_bad` outlive the run.
[[nodiscard]] weir::pipeline<weir::image_batch> pipeline_of(const plan& p, std::atomic<std::uint64_t>& images,
                                                            const weir::error_observer& on_bad);

} // namespace cancel_stress
