#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <weir/detail/child.hpp>
#include <weir/detail/context.hpp>
#include <weir/task.hpp>

namespace weir::test {

/// A loop with virtual time: when nothing is ready, time jumps to the next timer. When nothing can ever happen again, it
/// returns.
class virtual_loop final : public detail::context {
public:
  virtual_loop() : recycler_(detail::frame_recycler::create()), before_(detail::frame_recycler::exchange_current(recycler_)) {}
  ~virtual_loop() {
    detail::frame_recycler::exchange_current(before_);
    recycler_->close();
  }
  [[nodiscard]] detail::time_point now() const noexcept override { return now_; }
  /// One step; false if nothing was ready.
  bool step() {
    begin_turn(now_);
    return run_ready(1) == 1;
  }
  /// One step; if nothing is ready, the time of the next timer instead. False: nothing can ever happen again.
  bool turn() {
    if (step()) {
      return true;
    }
    const detail::time_point next = next_due();
    if (next == detail::time_point::max()) {
      return false;
    }
    now_ = std::max(now_, next);
    begin_turn(now_);
    fire_due(now_);
    return true;
  }
  void drain() {
    while (turn()) {
    }
  }
  [[nodiscard]] std::size_t live_frames() const { return recycler_->live(); }

private:
  detail::time_point now_{std::chrono::seconds(1)};
  detail::frame_recycler* recycler_;
  detail::frame_recycler* before_;
};

/// A root: what `runtime::run` is in the library, without a runtime.
template<class T = void> class root final : detail::child<T> {
public:
  root(virtual_loop& l, task<T> t) : loop_(l) {
    source_.attach(l, state_);
    this->launch(l, source_, std::move(t));
  }
  void request_stop() {
    state_.stop_requested = true;
    source_.request_stop();
  }
  [[nodiscard]] bool ended() const { return how_.has_value(); }
  [[nodiscard]] bool stopped() const { return how_ == detail::completion::stopped; }
  [[nodiscard]] bool failed() const { return how_ == detail::completion::finished && this->outcome().error(); }
  [[nodiscard]] bool done() const { return how_ == detail::completion::finished && !this->outcome().error(); }
  T take() { return this->outcome().take(); }
  [[nodiscard]] const stop_source& source() const { return source_; }
  [[nodiscard]] std::size_t suppressed() const { return state_.suppressed.size(); }

private:
  void completed(detail::completion how) noexcept override { how_ = how; }
  virtual_loop& loop_;
  detail::root_state state_;
  stop_source source_;
  std::optional<detail::completion> how_;
};

} // namespace weir::test
