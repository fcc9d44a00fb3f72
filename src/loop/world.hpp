#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <weir/detail/context.hpp>

namespace weir::loop {

/// Something that happens in a simulated world, at its time. Owned by whoever schedules it.
class event {
public:
  virtual void happen() noexcept = 0;

protected:
  ~event() = default;
};

/// What a simulation has in common: a clock that only jumps, what will happen when, one source of chance, and the log. All that
/// a run does follows from the seed: times are drawn from it, so the order of completions does too.
///
/// A *point* is a moment at which something has just changed, or is about to: a step of the loop, an operation or job that goes
/// on. They are counted, and at one of them the world may be told to do something, as another thread would.
class world {
public:
  explicit world(std::uint64_t seed) noexcept;
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  [[nodiscard]] detail::time_point now() const noexcept { return now_; }
  /// 0 to n - 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t n) noexcept { return draw() % n; }
  [[nodiscard]] bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }
  /// A time that a thing takes: mostly about `usual`, seldom many times that.
  [[nodiscard]] std::chrono::nanoseconds some(std::chrono::nanoseconds usual) noexcept;

  /// `e` happens so much later. What is scheduled for the same time happens in the order of scheduling.
  void in(std::chrono::nanoseconds delay, event& e) noexcept;
  /// Time goes on, and what is due by then happens.
  void pass(std::chrono::nanoseconds time) noexcept;
  /// Time jumps to the next event, or to `limit` if that is earlier. False: neither will ever come.
  [[nodiscard]] bool jump(detail::time_point limit) noexcept;

  void point() noexcept; ///< too many of them are a violation: it would go on for ever
  [[nodiscard]] std::uint64_t points() const noexcept { return points_; }
  /// At that point (the first is 1), once.
  void at_point(std::uint64_t which, std::function<void()> what);
  std::uint64_t most_points = 1'000'000'000;

  /// A line of the log. `what` is a literal.
  void note(const char* what, std::uint64_t a = 0, std::uint64_t b = 0) noexcept;
  void keep_log() noexcept { keep_ = true; }
  [[nodiscard]] const std::string& log() const noexcept { return log_; }
  /// Of all lines, whether the log is kept or not.
  [[nodiscard]] std::uint64_t log_hash() const noexcept { return hash_; }

  /// The root's stop has been requested: from now on nothing may start.
  void stop_was_requested() noexcept { stop_requested_ = true; }
  /// A piece of work begins: `what` is a literal.
  void starts(const char* what) noexcept;

  /// A rule is broken. What is called doesn't return.
  std::function<void(const char*)> on_violation;
  void violation(const char* what) noexcept;
  bool nothing_starts_after_stop = true; ///< not for what has cleanups that read and decode

  /// The loop runs a piece of a task now: only then may a coroutine go on, or its frame go.
  bool in_step = false;

private:
  [[nodiscard]] std::uint64_t draw() noexcept;
  void happen_until(detail::time_point until) noexcept;
  struct entry {
    detail::time_point when;
    std::uint64_t order;
    event* what;
    /// For a heap whose top is the earliest.
    bool operator<(const entry& o) const noexcept { return when != o.when ? o.when < when : o.order < order; }
  };

  detail::time_point now_{std::chrono::hours(1)};
  std::uint64_t state_;
  std::uint64_t order_ = 0;
  std::vector<entry> to_come_;
  std::uint64_t points_ = 0;
  std::uint64_t awaited_point_ = 0;
  std::function<void()> at_point_;
  std::string log_;
  std::uint64_t hash_ = 0xCBF29CE484222325U;
  bool keep_ = false;
  bool stop_requested_ = false;
};

} // namespace weir::loop
