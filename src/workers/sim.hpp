#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "../loop/world.hpp"
#include "crew.hpp"
#include "fiber.hpp"
#include "job_list.hpp"

namespace weir::workers {

/// Workers in a simulated world. A job is real work, done in slices: from one look at its flag to the next it takes some time,
/// and in between everybody else goes on.
class sim_crew final : public crew {
public:
  /// Throws what `std::vector` and `fiber` throw.
  sim_crew(int workers, loop::world& w, loop::remote& home);
  ~sim_crew() override;

  void submit(job& j) noexcept override;
  void flush() noexcept override;
  void cancel(job& j) noexcept override;

  [[nodiscard]] std::size_t queued() const noexcept override { return buffered_.size() + queue_.size(); }
  [[nodiscard]] std::size_t running() const noexcept override { return running_; }
  [[nodiscard]] std::size_t outstanding() const noexcept override { return queued() + running(); }
  [[nodiscard]] int threads() const noexcept override { return static_cast<int>(workers_.size()); }
  [[nodiscard]] std::span<std::byte> scratch(int index) const noexcept override;

  void hand_over_kept(int) noexcept override {} // none keeps anything

  /// Called in the job, at its begin.
  std::function<void()> on_begin;
  /// From inside a job: a moment at which others go on. (Every look at a stop flag is one.) Elsewhere nothing.
  static void checkpoint() noexcept;

private:
  /// Takes jobs one after the other; each event is its next slice.
  class worker final : public loop::event {
  public:
    worker(sim_crew& c, int index);
    void happen() noexcept override;
    bool idle = true;

  private:
    friend class sim_crew;
    void work() noexcept; // the fiber's
    sim_crew& crew_;
    const int index_;
    job* current_ = nullptr;
    job* finished_ = nullptr; // handed back some time later
    std::unique_ptr<std::byte[]> scratch_;
    fiber fiber_;
  };
  void wake_idle() noexcept;

  loop::world& world_;
  loop::remote& home_;
  std::chrono::nanoseconds slice_;
  std::uint64_t pauses_; // at one of so many looks
  job_list buffered_;
  job_list queue_;
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<worker>> workers_;
};

} // namespace weir::workers
