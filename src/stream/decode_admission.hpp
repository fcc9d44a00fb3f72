#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "operations.hpp"
#include "services.hpp"
#include <weir/detail/pressure.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// When a decode may take the next image on: how many jobs there are at a time, and what memory is left for others.
class decode_admission {
public:
  struct surroundings {
    bool in_place; ///< images are decoded into their batch
    bool copied;   ///< a batch below copies
    bool blanks;   ///< failed images become blanks with blocks of their own
    bool ordered;  ///< images are delivered in the order of the input
  };
  decode_admission(services& s, pressure& strain, surroundings around) noexcept
      : services_(s), strain_(strain), around_(around) {}

  /// Memory is granted late, so that few blocks are in use and those are hot in cache: to as many jobs as keep the workers busy
  /// while the loop is away. What is decoded and waits to be delivered doesn't count.
  task<> room_among_jobs(std::uint64_t bytes) {
    while (jobs_ > few() && (jobs_ >= most_jobs || job_bytes_ + bytes > most_job_bytes())) {
      co_await wait_for(for_fewer_jobs_, "fewer decodes at a time");
    }
  }
  void job_begins(std::uint64_t bytes) noexcept {
    ++jobs_;
    job_bytes_ += bytes;
  }
  void job_ended(std::uint64_t bytes) noexcept {
    --jobs_;
    job_bytes_ -= bytes;
    // By halves, as a window is refilled.
    if (jobs_ <= few() || (jobs_ <= most_jobs / 2 && job_bytes_ <= most_job_bytes() / 2)) {
      for_fewer_jobs_.wake_all();
    }
  }

  /// Where a batch below copies, images in blocks of their own leave it half of the budget. Where a blank stands in for a
  /// failed image, there is room for it beside all that is in flight: any of it may fail yet, and the blank may be as large as
  /// the largest. One that alone is too much waits until nothing is in flight.
  task<> room_beside_batch(std::uint64_t bytes) {
    if (around_.in_place || (!around_.copied && !around_.blanks)) {
      co_return;
    }
    const std::uint64_t budget = services_.pixels.budget();
    const std::uint64_t most = around_.copied ? budget / 2 : budget;
    newest_ = std::max(newest_, charge(bytes));
    while (strain_.in_flight != 0 &&
           (around_.blanks ? (strain_.in_flight + 1) * largest() : strain_.bytes_ahead + charge(bytes)) > most) {
      co_await wait_for(strain_.for_less, "less memory in flight");
    }
  }
  /// False: a batch of one shape below copies, and a block of so many bytes doesn't fit beside it.
  [[nodiscard]] bool fits_beside_batch(std::uint64_t bytes) const noexcept {
    return !around_.copied || !strain_.only || charge(bytes) <= services_.pixels.budget() / 2;
  }
  /// A block for an image, when its turn comes. Throws std::bad_alloc.
  task<memory::lease> block(std::uint64_t bytes) {
    const memory_wait waits(strain_); // also if the memory resource has none
    co_return co_await grant_operation(services_.pixels, bytes);
  }
  /// One more item is in flight.
  void taken() noexcept { ++taken_; }

private:
  /// Says that the decode waits for memory, for as long as it does.
  class memory_wait {
  public:
    explicit memory_wait(pressure& p) noexcept : pressure_(p) { set(true); }
    memory_wait(const memory_wait&) = delete;
    memory_wait& operator=(const memory_wait&) = delete;
    ~memory_wait() { set(false); }

  private:
    void set(bool waits) noexcept {
      pressure_.waiting_for_memory = waits;
      pressure_.changed();
    }
    pressure& pressure_;
  };

  /// Blocks of their own are the hotter the fewer there are. A batch's memory is cold anyway, and of its images each worker may
  /// keep a few that are finished.
  [[nodiscard]] std::uint64_t most_job_bytes() const noexcept { return std::uint64_t{around_.in_place ? 12U : 4U} << 20U; }
  [[nodiscard]] std::size_t few() const noexcept { return static_cast<std::size_t>(services_.workers.threads()) + 2; }
  /// What a blank may need: the most of all that is in flight, or is about to be, and of the last good image.
  std::uint64_t largest() noexcept {
    if (around_.ordered && taken_ >= mark_ + strain_.in_flight) { // what was taken before the mark has been delivered
      older_ = std::exchange(newest_, 0);
      mark_ = taken_ + 1;
    }
    return std::max({older_, newest_, strain_.last_good});
  }

  static constexpr std::size_t most_jobs = 256;

  services& services_;
  pressure& strain_;
  const surroundings around_;
  std::size_t jobs_ = 0; // that have not ended
  std::uint64_t job_bytes_ = 0;
  wait_queue for_fewer_jobs_;
  std::uint64_t taken_ = 0; // items that have been in flight, or are
  std::uint64_t mark_ = 0;
  std::uint64_t newest_ = 0; // the most since the mark
  std::uint64_t older_ = 0;  // the most since the mark before
};

} // namespace weir::detail
