#pragma once

#include <cstddef>
#include <span>

#include "job.hpp"

namespace weir::workers {

/// What carries jobs out: worker threads (`pool`), or the simulator's. Members are called on the loop thread, but for
/// `scratch` and `hand_over_kept`.
class crew {
public:
  crew() = default;
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  virtual ~crew() = default; ///< nothing may be outstanding; ends the workers

  /// Takes `j` in; the workers see it with the next `flush`. It comes back through `j.run` exactly once, however it ends.
  virtual void submit(job& j) noexcept = 0;
  /// Queues what was submitted since the last time.
  virtual void flush() noexcept = 0;
  /// Sets the flag that `j` polls. A job that no worker has taken is out of the queue with that, and comes back, with
  /// `ran` = false, in a later turn; one that runs comes back when it ends. Idempotent; no effect but the flag on one that is
  /// back.
  virtual void cancel(job& j) noexcept = 0;

  /// Called by the job that runs on worker `index`, on that thread, since it will take longer than its owner said: nothing
  /// waits for it then, neither what the worker has finished and kept (see `job::brief`) nor what it has taken and not begun.
  virtual void hand_over_kept(int index) noexcept = 0;

  [[nodiscard]] virtual std::size_t queued() const noexcept = 0;      ///< submitted, not yet taken by a worker
  [[nodiscard]] virtual std::size_t running() const noexcept = 0;     ///< taken by a worker, not yet handed back to the loop
  [[nodiscard]] virtual std::size_t outstanding() const noexcept = 0; ///< both, at one moment
  [[nodiscard]] virtual int threads() const noexcept = 0;
  /// Any thread, though only the job that runs on worker `index` may use it: memory that is there for it from the start,
  /// aligned to 64.
  [[nodiscard]] virtual std::span<std::byte> scratch(int index) const noexcept = 0;
};

} // namespace weir::workers
