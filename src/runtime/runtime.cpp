#include <weir/runtime.hpp>

#include <ostream>
#include <stdexcept>
#include <utility>

#include "../stream/decode_bytes.hpp"
#include "core.hpp"
#include <weir/decode_png.hpp>

namespace weir {

runtime::runtime(runtime_options options) : core_(std::make_unique<detail::runtime_core>(options)) {}

runtime::runtime(std::unique_ptr<detail::runtime_core> core) noexcept : core_(std::move(core)) {}

runtime::~runtime() {
  detail::runtime_core& c = *core_;
  if (c.inside()) {
    c.fatal("weir: a runtime was destroyed from inside a task or callback of its own");
  }
  if (!c.closing) {
    c.begin_closing({});
  }
  if (!*c.gone) {
    c.until_gone(); // a host's loop needs turns for its handles to go
  }
#ifndef NDEBUG
  const audit_report left = audit();
  if (left.frames != 0 || left.leases != 0 || left.operations != 0 || left.jobs != 0) {
    const std::string text = "weir: left alive at the end of a runtime: " + std::to_string(left.frames) + " frames, " +
                             std::to_string(left.leases) + " leases, " + std::to_string(left.operations) + " operations, " +
                             std::to_string(left.jobs) + " jobs";
    c.fatal(text.c_str());
  }
#endif
}

void runtime::check_run() const {
  if (core_->inside()) {
    detail::throw_misuse("weir: run() from inside a task or callback of the same runtime");
  }
  if (core_->closing) {
    detail::throw_misuse("weir: run() of a runtime that was closed");
  }
}

void runtime::add(detail::root_base* r) {
  std::unique_ptr<detail::root_base> owned(r);
  core_->add(*r);
  (void)owned.release();
}

void runtime::post(detail::root_base* r) {
  std::unique_ptr<detail::root_base> owned(r);
  if (core_->shut.load()) {
    detail::throw_misuse("weir: start() of a runtime that was closed");
  }
  auto* const request = new detail::start_request(*core_, r);
  (void)owned.release();
  if (core_->turning.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    request->holds_host = true;
    core_->hold_host();
  }
  core_->turns->post_remote(*request);
}

void runtime::drive() {
  core_->turns->run();
  core_->until_idle = false;
  if (core_->closing && core_->host == nullptr) { // from inside a task
    core_->until_gone();
  }
}

void runtime::end_run() noexcept { core_->turns->quit(); }

void runtime::run() {
  check_run();
  if (core_->roots == 0) { // what was started and hasn't arrived yet is taken in first
    core_->quit_if_idle_later();
  }
  core_->until_idle = true;
  drive();
}

void runtime::close(std::function<void()> closed) {
  detail::runtime_core& c = *core_;
  if (c.closing) {
    detail::throw_misuse("weir: a runtime was closed twice");
  }
  c.begin_closing(std::move(closed));
  if (c.host == nullptr && !c.inside()) {
    c.until_gone();
  } else if (c.host != nullptr && c.roots == 0) {
    c.take_down();
  } // else whoever runs the loop goes on until the last task has ended
}

audit_report runtime::audit() const { return core_->audit(); }

void runtime::dump(std::ostream& to) const { to << core_->dump(); }
void runtime::request_dump() noexcept { core_->request_dump(); }

metrics_report runtime::metrics() const {
  const detail::services& s = *core_->given;
  const memory::pool_usage p = core_->pixels ? core_->pixels->usage() : core_->pixels_at_end;
  metrics_report m;
  m.bytes_read = s.bytes_read;
  m.files_read = s.files_read;
  m.images_decoded = s.images_decoded;
  m.copies = s.copies;
  m.memory_budget = p.budget;
  m.memory_in_use = p.in_use;
  m.memory_high_water = p.high_water;
  m.file_memory_high_water = core_->files->usage().high_water;
  return m;
}

std::string_view runtime::loop_name() const noexcept { return core_->turns->name(); }
std::string_view runtime::engine_name() const noexcept { return core_->engine_name; }
int runtime::workers() const noexcept { return core_->options.workers; }

task<image> decode_png(runtime& rt, std::span<const std::byte> body, png_options options) {
  detail::services& here = co_await detail::services_awaiter{};
  if (&here != rt.core().given.get()) {
    detail::throw_misuse("weir: decode_png of one runtime was awaited in a task of another");
  }
  co_return co_await detail::decode_bytes(here, body, options);
}

} // namespace weir
