#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <sys/uio.h>

#include "../loop/world.hpp"
#include "front.hpp"
#include "sim_disk.hpp"

namespace weir::io {

/// An engine in a simulated world: an I/O thread, and a kernel over a simulated disk that does all that a kernel was seen to
/// do. Completions come in any order; reads are short; a cancel is lost, comes too late, or makes the operation end with
/// ECANCELED, EINTR or -512, after the kernel has written into the buffer all the same; an open that was cancelled still gives
/// a descriptor; ECANCELED comes without a cancel; a FIFO's read ends by a cancel only.
class sim_engine final : public front {
public:
  sim_engine(loop::world& w, loop::remote& home, const sim_disk& disk, unsigned depth, sim_io_faults faults);
  ~sim_engine() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "sim"; }
  void name_threads(std::vector<std::string>& /*to*/) const override {}

  // What has happened so far.
  [[nodiscard]] std::uint64_t opens() const noexcept { return opens_; }
  [[nodiscard]] std::uint64_t reads() const noexcept { return reads_; }
  [[nodiscard]] std::uint64_t submits() const noexcept { return submits_; }
  [[nodiscard]] std::uint64_t faults() const noexcept { return faults_met_; }
  [[nodiscard]] int open_files() const noexcept { return open_files_; }

private:
  enum class step : std::uint8_t { none, open, read, probe, wait, back };
  /// An operation on the other side. Each event is the end of its step.
  class transit final : public loop::event {
  public:
    explicit transit(sim_engine& e) noexcept : engine(e) {}
    void happen() noexcept override;
    sim_engine& engine;
    read_op* op = nullptr;
    const sim_file* file = nullptr;
    step at = step::none;
    bool scheduled = false;
    bool cancel_asked = false; // and has not met the step yet
    bool cancel_meets = false; // the step ends by it
    bool changed = false;      // the file has
    bool retried = false;
    std::array<iovec, 3> into{};
    std::size_t places = 0;
  };
  /// The I/O thread looks at its queue.
  class taker final : public loop::event {
  public:
    explicit taker(sim_engine& e) noexcept : engine(e) {}
    void happen() noexcept override { engine.take(); }
    sim_engine& engine;
  };
  /// A cancel on its way to the kernel.
  class canceller final : public loop::event {
  public:
    explicit canceller(sim_engine& e) noexcept : engine(e) {}
    void happen() noexcept override { engine.cancel_asked_ones(); }
    sim_engine& engine;
  };

  void hand_over(op_list& ops) noexcept override;
  bool retract(read_op& op) noexcept override;
  void look(std::chrono::nanoseconds when) noexcept;
  void take() noexcept;
  void cancel_asked_ones() noexcept;
  void go_on(transit& t) noexcept;
  void issue(transit& t, step what) noexcept;
  void stepped(transit& t) noexcept;
  void opened(transit& t, int result) noexcept;
  void read_ended(transit& t, long result) noexcept;
  [[nodiscard]] int open_result(transit& t) noexcept;
  [[nodiscard]] long read_result(transit& t) noexcept;
  [[nodiscard]] int undone() noexcept;
  void close(read_op& op) noexcept;
  void end(transit& t) noexcept;
  [[nodiscard]] transit& place() noexcept;
  [[nodiscard]] const std::vector<std::uint8_t>& bytes_of(transit& t) noexcept;

  loop::world& world_;
  const sim_disk& disk_;
  const unsigned depth_;
  const sim_io_faults at_;
  std::chrono::nanoseconds latency_;
  op_list queue_;
  taker taker_{*this};
  canceller canceller_{*this};
  bool looks_ = false; // scheduled
  bool cancels_ = false;
  std::vector<std::unique_ptr<transit>> transits_;
  unsigned busy_ = 0;
  std::uint64_t opens_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t submits_ = 0;
  std::uint64_t faults_met_ = 0;
  int open_files_ = 0;
  int next_fd_ = 1000; // of no real file
};

} // namespace weir::io
