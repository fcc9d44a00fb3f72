#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "control.hpp"

namespace weir::detail {

/// Whom a watchdog asks and tells.
class watched {
public:
  /// The watchdog's thread: some stop may have taken too long. The loop is to look, and to call `watchdog::answered`.
  virtual void look_for_slow_stops() noexcept = 0;
  /// The watchdog's thread: a stop takes too long, and the loop thread doesn't get round to looking.
  virtual void loop_is_stuck() noexcept = 0;

protected:
  ~watched() = default;
};

/// A thread that sleeps while no stop is under way, and has the loop look where one has been for `limit`. If the loop hasn't
/// looked after as long again, it is stuck, which is told once until it goes on.
///
/// The thread sleeps on `change_`, which every event counts up before it looks whether the thread is `idle_`: the thread says
/// so, then looks at the counts, then sleeps as long as `change_` is what it was before.
class watchdog final : public stop_watcher {
public:
  /// Throws std::system_error if there is no thread.
  watchdog(std::chrono::nanoseconds limit, watched& of);
  ~watchdog(); ///< ends the thread
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  void stop_began() noexcept override;
  void stop_ended() noexcept override;
  void answered() noexcept; ///< loop thread

private:
  void watch() noexcept;
  void changed() noexcept;
  /// Sleeps until `done()`, the watchdog's end (false), or `until` (false).
  template<class F> bool sleep_until(F done, std::chrono::steady_clock::time_point until) noexcept;

  const std::chrono::nanoseconds limit_;
  watched& of_;
  std::atomic<std::uint32_t> change_{0};
  std::atomic<bool> idle_{false};
  std::atomic<std::size_t> under_way_{0};
  std::atomic<std::size_t> ended_{0};
  std::atomic<bool> asked_{false}; // and not answered
  std::atomic<bool> over_{false};
  std::thread thread_;
};

} // namespace weir::detail
