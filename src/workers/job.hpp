#pragma once

#include <cstdint>

#include "../loop/remote.hpp"
#include <weir/stop_flag.hpp>

namespace weir::workers {

/// A plain function on a worker. Derived from by whoever has one; intrusive, so submitting allocates nothing.
///
/// Life: the loop thread fills it (`cancelled` included) and submits it; a worker calls `work(job)` once, or the loop removes
/// it from the queue (`pool::cancel`) before that; in both cases the node comes back to the loop thread through `completed`,
/// once, and from then on it is the owner's again. `ran` says which of the two it was.
struct job : loop::remote_node {
  using work_fn = void (*)(job&, int worker) noexcept;
  explicit job(work_fn w, run_fn completed) noexcept : remote_node(completed), work(w) {}

  work_fn work;                        ///< runs on a worker, below the loop's priority; polls `stop`; must not throw
  sync::atomic<bool> cancelled{false}; ///< set by `pool::cancel`; `stop` looks at it and at the root's flag
  const sync::atomic<bool>* root = nullptr;
  bool ran = false; ///< `work` was called; not if the job was cancelled, or its root stopped, before a worker began it
  [[nodiscard]] stop_flag stop() const noexcept { return stop_flag(&cancelled, root); }

  /// The worker's, before it calls `work`.
  [[nodiscard]] bool may_begin() const noexcept { return !stop().requested() || WEIR_PLANTED(job_after_stop); }

  /// Hints of the owner's, so that jobs cost the loop one wake for a few. Before a worker begins another job it hands over what
  /// it has finished; it may keep that a moment before one that is `brief`, which takes some 50 µs, or else calls
  /// `crew::hand_over_kept` when it finds out, and before one that is `together` with all that it keeps: their results are
  /// hardly of use before that job's, and it usually takes a few milliseconds at most. Whatever they say, `work` may say that
  /// its own result is `urgent`. A worker may take several brief jobs at a time; one of those waits for those before it, and if
  /// it is cancelled comes back after them.
  bool brief = false;
  const void* together = nullptr; ///< what they belong to; only compared
  bool urgent = false;            ///< the worker's: it is handed over at once, with all that was kept

  // The pool's own, from the submit to the coming back.
  enum class place : std::uint8_t { buffered, queued, elsewhere };
  place where = place::elsewhere; ///< written under the pool's lock, or while no worker can have it; elsewhere: owner or worker
  job* previous_queued = nullptr;
  job* next_queued = nullptr;
};

} // namespace weir::workers
