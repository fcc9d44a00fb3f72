#pragma once

#include <string_view>

#include "remote.hpp"
#include <weir/detail/context.hpp>

namespace weir::loop {

class turn_end;

class turn_end_link { // a base, for the reason given in context.hpp
  friend class loop;
  turn_end* next_turn_end_ = nullptr;
};

/// Called on the loop thread at the end of every turn in which something ran, and always before the loop may sleep. It is where
/// the engine and the workers hand over, in one batch, what the turn submitted. It may post.
class turn_end : public turn_end_link {
public:
  virtual void end_of_turn() noexcept = 0;

protected:
  ~turn_end() = default;
};

/// Where a runtime's coroutines run. A turn: what other threads handed over, due timers, what is ready (bounded, so that
/// neither starves the others), the `turn_end`s; then sleep until the next timer or post, if nothing is ready.
class loop : public detail::context, public remote {
public:
  virtual ~loop() = default;

  /// Drives turns on this thread until `quit()`; may be called again after. Not from inside itself.
  virtual void run() = 0;
  /// Loop thread: `run` returns at the end of the current turn (turns are bounded), `turn_end`s included; what is ready then
  /// waits for the next `run`. Called while `run` isn't under way, it makes the next one return before its first turn.
  virtual void quit() noexcept = 0;
  /// Runs what was posted from other threads, so that no node is left in the queue, gives back what the loop holds in its host,
  /// if it has one (uv handles), and then calls `closed(arg)` once, from the host's loop; that call may destroy this object.
  /// Nothing may be posted after, and no timer armed. The own loop calls it at once. Loop thread, not from inside a turn of the
  /// own loop.
  virtual void close(void (*closed)(void*) noexcept, void* arg) noexcept = 0;
  /// "own", "uv" or "sim".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  void add(turn_end& t) noexcept;    ///< loop thread, or before the loop runs; called in the order of adding
  void remove(turn_end& t) noexcept; ///< also from inside its own `end_of_turn`; no effect if it isn't there

protected:
  void end_turn() noexcept; ///< calls every turn_end, in order
  /// Runs what `queue` holds; returns whether there was something.
  bool drain(remote_queue& queue) noexcept;

private:
  turn_end* first_turn_end_ = nullptr;
};

} // namespace weir::loop
