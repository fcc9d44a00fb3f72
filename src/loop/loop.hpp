#pragma once

#include <string_view>

#include "remote.hpp"
#include <weir/detail/context.hpp>

namespace weir::loop {

/// Called on the loop thread at the end of every turn in which something ran, and always before the loop may sleep. It is where
/// the engine and the workers hand over, in one batch, what the turn submitted. It may post.
class turn_end {
public:
  virtual void end_of_turn() noexcept = 0;

protected:
  ~turn_end() = default;

private:
  friend class loop;
  turn_end* next_turn_end_ = nullptr;
};

/// Where a runtime's coroutines run. A turn: what other threads handed over, due timers, what is ready (bounded, so that
/// neither starves the others), the `turn_end`s; then sleep until the next timer or post, if nothing is ready.
class loop : public detail::context, public remote {
public:
  virtual ~loop() = default;

  /// Drives turns on this thread until `quit()`; may be called again after. Not from inside itself.
  virtual void run() = 0;
  /// Loop thread: `run` returns after the current step.
  virtual void quit() noexcept = 0;
  /// Gives back what the loop holds in its host, if it has one (uv handles), and then calls `closed(arg)` once, from the host's
  /// loop. Nothing may be posted after. The own loop calls it at once.
  virtual void close(void (*closed)(void*) noexcept, void* arg) noexcept = 0;
  /// "own", "uv" or "sim".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  void add(turn_end& t) noexcept; ///< loop thread, or before the loop runs; called in the order of adding
  void remove(turn_end& t) noexcept;

protected:
  void end_turn() noexcept; ///< calls every turn_end, in order
  /// Runs what `queue` holds; returns whether there was something.
  static bool drain(remote_queue& queue) noexcept;

private:
  turn_end* first_turn_end_ = nullptr;
};

} // namespace weir::loop
