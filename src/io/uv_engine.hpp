#pragma once

#include <vector>

#include <uv.h>

#include "front.hpp"

namespace weir::io {

/// Reads with plain calls in the thread pool of a host's libuv loop: one work item for a whole file, and at most pool size − 1
/// of them outstanding, since the host's DNS and files share that pool. FIFOs that have nothing to read are polled on the loop.
/// Everything but the reading itself is on the loop thread. Files that find no free descriptor wait as in `blocking_engine`.
///
/// libuv makes its pool's threads with the first piece of work, if the host has not used it before, and aborts the process
/// where it can't.
///
/// An operation comes back only when its handle, if it had one, has been closed: with nothing outstanding, the host's loop
/// holds nothing of this engine.
class uv_engine final : public front {
public:
  /// Loop thread, or before the loop runs.
  uv_engine(loop::remote& remote, uv_loop_t* host);

  [[nodiscard]] std::string_view name() const noexcept override { return "blocking"; }
  void name_threads(std::vector<std::string>& /*to*/) const override {} ///< the pool is the host's

private:
  struct work {
    uv_work_t request{};
    uv_engine* engine = nullptr;
    read_op* op = nullptr;
    std::uint64_t began = 0; // `ended_` then
    bool unready = false;
    bool later = false;
  };
  struct waiting_file; // a FIFO that is polled on the loop

  void hand_over(op_list& ops) noexcept override;
  bool retract(read_op& op) noexcept override;
  void pump() noexcept;
  void worked(work& w, int status) noexcept;
  void one_ended() noexcept;
  void stalled(read_op& op, std::uint64_t began) noexcept;
  void wait_for(read_op& op) noexcept;
  void stop_waiting(waiting_file& file) noexcept;
  void back(read_op& op) noexcept;

  enum list : std::uint8_t { nowhere, queued, working, polled, stalled_here };

  uv_loop_t* host_;
  op_list waiting_;
  op_list stalled_; // found no descriptor
  std::vector<work> works_;
  std::size_t busy_ = 0;    // of `works_`
  std::uint64_t ended_ = 0; // files so far
  waiting_file* first_polled_ = nullptr;
};

} // namespace weir::io
