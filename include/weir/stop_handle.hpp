#pragma once

#include <memory>

namespace weir {

namespace detail {
struct root_control;
}

/// Stops a task that a runtime runs: from any thread, from a signal handler, before the start, during, and after the end; any
/// number of times. Copies are of the same task. One that was used stops the next task that it is given to at its first wait.
///
///     weir::stop_handle stop;                          // for run()
///     auto outcome = rt.run(work(), stop);
///     auto stop2 = rt.start(work(), on_done);          // for start()
class stop_handle {
public:
  stop_handle(); ///< of a task to come. Throws std::bad_alloc
  stop_handle(const stop_handle&) noexcept = default;
  stop_handle& operator=(const stop_handle&) noexcept = default;
  ~stop_handle() = default;

  /// Async-signal-safe. The flags that running jobs and the I/O thread poll are set when this returns; the loop does the rest.
  void request_stop() const noexcept;
  void operator()() const noexcept { request_stop(); }
  [[nodiscard]] bool stop_requested() const noexcept;

  [[nodiscard]] const std::shared_ptr<detail::root_control>& control() const noexcept { return control_; } ///< the library's

private:
  std::shared_ptr<detail::root_control> control_;
};

} // namespace weir
