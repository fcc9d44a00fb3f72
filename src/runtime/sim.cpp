#include "sim.hpp"

#include <system_error>

#include "core.hpp"

namespace weir::detail {

namespace {
[[noreturn]] void no_thread() { throw std::system_error(EAGAIN, std::system_category(), "no thread to be had"); }
} // namespace

std::unique_ptr<runtime> simulation::make(const runtime_options& options) {
  depth_ = static_cast<unsigned>(options.io_depth);
  auto core = std::make_unique<runtime_core>(options, *this);
  return std::make_unique<runtime>(std::move(core));
}

std::unique_ptr<loop::loop> simulation::make_loop() { return std::make_unique<loop::sim_loop>(world_); }

std::unique_ptr<workers::crew> simulation::make_workers(int count, loop::loop& home) {
  if (threads_fail == 1) {
    no_thread();
  }
  auto crew = std::make_unique<workers::sim_crew>(count, world_, home);
  crew->on_begin = on_job_begin;
  return crew;
}

std::unique_ptr<io::engine> simulation::make_engine(loop::loop& home) {
  if (threads_fail == 2) {
    no_thread();
  }
  auto made = std::make_unique<io::sim_engine>(world_, home, disk_, depth_, io_faults);
  engine_ = made.get();
  return made;
}

} // namespace weir::detail
