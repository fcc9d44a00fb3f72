#include <weir/on_worker.hpp>

#include "operations.hpp"
#include <weir/detail/stream.hpp>

namespace weir::detail {

task<> run_worker_call(worker_call& c) {
  services& s = co_await services_awaiter{};
  auto work = [&c](stop_flag stop, int) noexcept {
    c.call(stop);
    return true;
  };
  (void)co_await job_operation(s, work, "worker to run", "a function of the user's");
}

} // namespace weir::detail
