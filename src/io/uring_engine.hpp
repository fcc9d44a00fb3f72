#pragma once

#include <thread>

#include "front.hpp"
#include "request_queue.hpp"
#include "wake_descriptor.hpp"

namespace weir::io {

/// Reads through an io_uring on one thread of its own: submitting can block for as long as the reads of cached files take, so
/// it isn't the loop that does it. At most `depth` files are under way at once; the rest waits in user space.
class uring_engine final : public front {
public:
  /// Returns when a file has been opened and read through the ring. Throws std::system_error where that is forbidden, or
  /// std::bad_alloc.
  uring_engine(loop::remote& remote, unsigned depth);
  ~uring_engine() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "uring"; }
  void name_threads(std::vector<std::string>& to) const override { to.emplace_back("weir-io"); }

private:
  void hand_over(op_list& ops) noexcept override;
  bool retract(read_op& op) noexcept override;

  request_queue queue_;
  wake_descriptor wake_;
  std::thread thread_;
};

} // namespace weir::io
