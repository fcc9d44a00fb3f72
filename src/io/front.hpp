#pragma once

#include "engine.hpp"
#include "op_list.hpp"

namespace weir::io {

/// The loop's side of every engine: knows where each operation is, gathers what a turn submitted, and counts what is out.
/// Loop thread only, so it needs no lock. What is cancelled before it was handed over never gets to the other side.
///
/// Files that wait after `more` keep their descriptors as long as there are enough. An engine gives an open up (EMFILE, ENFILE)
/// when nothing that it has under way will close a file. Then those that wait are closed, and the open is tried again: it would
/// be no use to wait for them, for they may wait for memory that comes back only behind the file that is starved. It has failed
/// only where no file of this engine is open, but for FIFOs.
class front : public engine {
public:
  void submit(read_op& op) noexcept final;
  void cancel(read_op& op) noexcept final;
  void flush() noexcept final;
  [[nodiscard]] std::size_t outstanding() const noexcept final { return outstanding_; }

protected:
  explicit front(loop::remote& remote) noexcept : remote_(remote) {}

  /// Takes all of `ops`. Also called with none, where something was to be cancelled.
  virtual void hand_over(op_list& ops) noexcept = 0;
  /// `op` was handed over and is to be cancelled. True: it is taken back, untouched by the other side. False: it will come
  /// back.
  virtual bool retract(read_op& op) noexcept = 0;

  [[nodiscard]] loop::remote& remote() noexcept { return remote_; }

private:
  enum where : std::uint8_t {
    idle,       // not an operation of this engine: before the first submit, and after the last `run`
    gathered,   // submitted in this turn
    handed,     // with the other side, or posted by it
    with_owner, // after `more`; in `resting_`
    starved,    // its open found no descriptor; in `starved_`
    leaving,    // cancelled, to be posted
  };

  static void arrived(loop::remote_node& node) noexcept;
  void came_back(read_op& op) noexcept;
  void let_go(read_op& op) noexcept;
  void has_let_go(read_op& op) noexcept;
  [[nodiscard]] bool is_starved(const read_op& op) const noexcept;
  void starve(read_op& op) noexcept;
  void let_rest_go() noexcept;
  void retry_starved() noexcept;
  void take_over(read_op& op) noexcept;
  void goes_over(read_op& op) noexcept;
  void gather(read_op& op) noexcept;
  void leave(read_op& op) noexcept;

  loop::remote& remote_;
  op_list gathered_;
  op_chain leaving_;
  op_list resting_; // with their owners, who wait for memory
  op_list starved_;
  std::size_t going_on_ = 0;   // files that are open on the other side, once more: they will be closed, or rest
  std::size_t letting_go_ = 0; // files that are about to be closed
  std::size_t outstanding_ = 0;
  bool asked_ = false; // something handed over was cancelled in this turn
};

} // namespace weir::io
