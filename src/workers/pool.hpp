#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <span>

#include "../loop/remote.hpp"
#include "../loop/sync.hpp"
#include "crew.hpp"
#include "job.hpp"
#include "job_list.hpp"

namespace weir::workers {

struct pool_options {
  int nice = 5;                                        ///< the workers' nice value above that of the thread that makes the pool
  std::size_t scratch_bytes = 256 * 1024;              ///< of each worker
  std::pmr::memory_resource* scratch_memory = nullptr; ///< null: new and delete
};

/// The worker threads and their queue.
///
/// A job is with its owner, in the buffer of this turn (the loop thread's alone), in the queue, or with a worker; the queue and
/// what says where a job is are under one lock, which nobody holds for longer than it takes to link or unlink. A worker that
/// finds the queue empty puts itself on the idle list under the lock, then sleeps on a futex of its own; who queues work takes
/// workers off that list under the lock and wakes them after it. So no wake is lost, and none goes to a worker that is awake.
/// The one that fell asleep last is woken first. Jobs that are brief a worker takes several at a time, as long as enough is
/// left for the others; where one has taken longer, or says so, those that it has not begun go back to the queue.
class pool final : public crew {
public:
  /// Starts `threads` (at least one) threads, "weir-work-0" and so on, with all signals but those of faults blocked, at a lower
  /// priority where that is allowed. Throws std::system_error if one can't be made (those made before are joined),
  /// std::bad_alloc, std::invalid_argument.
  pool(int threads, loop::remote& home, pool_options options = {});
  ~pool() override; ///< joins the threads

  void submit(job& j) noexcept override;
  void flush() noexcept override; ///< one lock, and as many wakes as there are new jobs and sleepers for them
  void cancel(job& j) noexcept override;

  void hand_over_kept(int index) noexcept override;

  [[nodiscard]] std::size_t queued() const noexcept override;
  [[nodiscard]] std::size_t running() const noexcept override;
  [[nodiscard]] std::size_t outstanding() const noexcept override;
  [[nodiscard]] int threads() const noexcept override { return threads_; }
  [[nodiscard]] std::span<std::byte> scratch(int index) const noexcept override;

private:
  struct finished;
  struct worker;
  void start(int nice);
  void stop() noexcept;
  void work(worker& me) noexcept;
  job* take(worker& me) noexcept;
  job* take_from_queue(worker& me) noexcept;
  void give_group_back(worker& me) noexcept;
  worker* take_idle(std::size_t most) noexcept;
  static bool may_wait(const finished& done, const job& next) noexcept;
  void hand_over(finished& done) noexcept;
  static void wake(worker* idle) noexcept;

  loop::remote& home_;
  const int threads_;
  const std::size_t scratch_bytes_;
  std::pmr::memory_resource* const scratch_memory_;
  std::byte* scratch_ = nullptr;
  std::unique_ptr<worker[]> workers_;
  job_list buffered_; // the loop thread's

  mutable sync::mutex lock_; // for what follows, and job::where
  job_list queue_;
  worker* idle_ = nullptr;
  bool stopping_ = false;
  sync::atomic<std::size_t> running_{0};
};

} // namespace weir::workers
