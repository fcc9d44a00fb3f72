#pragma once

#include "engine.hpp"
#include "op_list.hpp"

namespace weir::io {

/// The loop's side of every engine: knows where each operation is, gathers what a turn submitted, and counts what is out.
/// Loop thread only, so it needs no lock. What is cancelled before it was handed over never gets to the other side.
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
    with_owner, // after `more`
    leaving,    // cancelled, to be posted
  };

  static void arrived(loop::remote_node& node) noexcept;
  void gather(read_op& op) noexcept;
  void leave(read_op& op) noexcept;

  loop::remote& remote_;
  op_list gathered_;
  op_chain leaving_;
  std::size_t outstanding_ = 0;
  bool asked_ = false; // something handed over was cancelled in this turn
};

} // namespace weir::io
