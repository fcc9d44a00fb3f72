#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock.hpp"
#include "explore.hpp"
#include "fiber.hpp"
#include "path.hpp"

namespace weir::enumerate {

/// Runs executions: who goes on, who is blocked, and what everybody did.
class scheduler final : public execution {
public:
  /// The one that explores now. The primitives are called from inside it alone.
  static scheduler& now() noexcept;

  scheduler(const limits& bounds, const plant& mistake);
  ~scheduler();

  /// One execution, along `path`, which it lengthens. False: it failed, and this scheduler can't be used again.
  bool run(const scenario& program, path& along);
  [[nodiscard]] std::string report() const;

  // execution
  void thread(std::string_view name, std::function<void()> body) override;
  void signal_handler(std::string_view name, int on, std::function<void()> body) override;
  void afterwards(std::function<void()> check) override;

  // The primitives'.

  /// Before an action: somebody else may go on first. Returns the mistake to make in it.
  plant::mistake before(const step& s) noexcept;
  /// The same for an action before which nobody else needs to go on.
  plant::mistake note(const step& s) noexcept;
  /// One of `options` ways to go on, of which all but the first are surprises.
  std::size_t surprise(std::size_t options) noexcept;
  /// Until somebody wakes whoever is blocked on `on`, or a signal handler has run.
  void block(const void* on, action how) noexcept;
  void wake_one(const void* on) noexcept;
  void wake_all(const void* on) noexcept;
  void yield() noexcept;
  int begin(std::string_view name, std::function<void()> body); ///< returns its number
  void join(int number) noexcept;
  void fail(std::string what) noexcept; // doesn't return into the execution, if one is under way

  [[nodiscard]] std::size_t me() const noexcept; ///< the number of the running thread's clock; 0 in set-up and afterwards
  [[nodiscard]] vector_clock& clock() noexcept { return clocks_[me()]; }

private:
  struct runner;
  struct done {
    step what;
    const runner* by;
  };

  void serve(runner& r);
  [[nodiscard]] bool eligible(const runner& r) const noexcept;
  void reschedule(bool may_stay) noexcept;
  void go_to(runner& r) noexcept;
  void finish() noexcept;

  const limits bounds_;
  const plant mistake_;
  std::unique_ptr<fiber> main_;
  std::vector<std::unique_ptr<runner>> runners_; // of all executions so far; the first `count_` are this one's
  std::size_t count_ = 0;
  runner* running_ = nullptr;
  std::function<void()> afterwards_;
  std::array<vector_clock, most_threads> clocks_{};
  std::size_t clocks_used_ = 1;
  path* path_ = nullptr;
  int preemptions_left_ = 0;
  int surprises_left_ = 0;
  std::vector<done> trace_;
  std::string failure_;
};

} // namespace weir::enumerate
