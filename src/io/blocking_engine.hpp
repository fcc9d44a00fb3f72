#pragma once

#include <thread>
#include <vector>

#include "front.hpp"
#include "request_queue.hpp"
#include "waiting_files.hpp"

namespace weir::io {

/// Reads with plain calls on a few threads of its own, a whole file at a time. FIFOs wait on one more thread, which is started
/// for the first of them. A file that finds no free descriptor (EMFILE, ENFILE) waits while others of this engine are being
/// read, and fails with it only where none is.
class blocking_engine final : public front {
public:
  /// Throws std::system_error where the threads can't be started.
  blocking_engine(loop::remote& remote, int threads);
  ~blocking_engine() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "blocking"; }
  void name_threads(std::vector<std::string>& to) const override;

private:
  void hand_over(op_list& ops) noexcept override;
  bool retract(read_op& op) noexcept override;
  void serve() noexcept;
  void stop_threads() noexcept;

  request_queue queue_;
  waiting_files waiting_;
  std::vector<std::thread> threads_;
  bool look_ = false; // a taken operation was cancelled in this turn: it may be among those that wait
};

} // namespace weir::io
