#pragma once

#include "../io/sim_engine.hpp"
#include "../loop/sim.hpp"
#include "../workers/sim.hpp"
#include "foundation.hpp"
#include <weir/runtime.hpp>

namespace weir::detail {

/// A simulated machine: what a runtime in a simulated world stands on. Outlives the runtime.
class simulation final : public foundation {
public:
  simulation(loop::world& w, const io::sim_disk& disk) noexcept : world_(w), disk_(disk) {}

  io::sim_io_faults io_faults;
  int threads_fail = 0; ///< 1: the workers can't be started; 2: the engine's thread can't
  std::function<void()> on_job_begin;
  std::pmr::memory_resource* segments = nullptr;

  /// A runtime that stands on this. Options that choose a loop or an engine mean nothing to it. Throws what its parts throw.
  [[nodiscard]] std::unique_ptr<runtime> make(const runtime_options& options);

  /// The runtime's, while it is there.
  [[nodiscard]] const io::sim_engine& engine() const noexcept { return *engine_; }

private:
  std::unique_ptr<loop::loop> make_loop() override;
  std::unique_ptr<workers::crew> make_workers(int count, loop::loop& home) override;
  std::unique_ptr<io::engine> make_engine(loop::loop& home) override;
  std::pmr::memory_resource* file_memory() noexcept override { return segments; }

  loop::world& world_;
  const io::sim_disk& disk_;
  unsigned depth_ = 32;
  io::sim_engine* engine_ = nullptr;
};

} // namespace weir::detail
