#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

#include <weir/detail/child.hpp>
#include <weir/shield.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

/// Runs a task in a chain of its own under the same stop source, and goes on however it ends.
template<class T> class captured final : operation, child<T> {
public:
  explicit captured(task<T>&& t) : task_(nonempty(std::move(t))) {}
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    parent_ = h.promise().chain_;
    if (parent_->stop_requested()) { // nothing starts; that is how it ended
      stopped_ = true;
      parent_->resume_soon();
      return;
    }
    parent_->park(*this);
    this->launch(parent_->loop(), parent_->source(), std::move(task_));
  }
  void await_resume() noexcept {}

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }
  [[nodiscard]] result<T>& get() const noexcept { return this->outcome(); }
  /// When the error was. One that came after a stop is listed, and the end counts as stopped.
  [[nodiscard]] std::uint64_t decided() const noexcept { return decided_; }
  [[nodiscard]] chain& parent() const noexcept { return *parent_; }

private:
  void stop() noexcept override {} // the child has been told by the source itself
  [[nodiscard]] wait_note waits_for() const noexcept override { return {.what = "task", .child = this}; }
  [[nodiscard]] bool is_part_of_another() const noexcept override { return true; }
  void completed(completion how) noexcept override {
    stopped_ = how == completion::stopped;
    if (!stopped_ && this->outcome().error()) {
      if (this->error_came_late()) {
        parent_->suppress(this->outcome().error());
        stopped_ = true;
      } else {
        decided_ = this->error_decided_at();
      }
    }
    parent_->resume_soon();
  }
  chain* parent_ = nullptr;
  task<T> task_;
  std::uint64_t decided_ = 0;
  bool stopped_ = false;
};

/// Ends the awaiting chain as stopped.
class [[nodiscard]] stopped_awaiter {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> static void await_suspend(std::coroutine_handle<P> h) noexcept { h.promise().chain_->stop_soon(); }
  [[noreturn]] static void await_resume() noexcept { std::terminate(); }
};

/// Goes on however the cleanup ends. One that stops itself has just ended.
class cleanup_awaiter final : public shielded<void> {
public:
  cleanup_awaiter(task<>&& t, std::chrono::nanoseconds limit) : shielded<void>(std::move(t), limit, true) {}
  void await_resume() noexcept {}
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

private:
  void ended(bool) noexcept override { end(); }
};

template<class T> task<T> run_finally(task<T> work, task<> cleanup, std::chrono::nanoseconds limit) {
  captured<T> worked(std::move(work));
  cleanup_awaiter cleaning(std::move(cleanup), limit);
  co_await worked;
  const bool failed = !worked.stopped() && worked.get().error();
  co_await cleaning;
  if (cleaning.error()) {
    if (!failed && !worked.stopped()) {
      std::rethrow_exception(cleaning.error());
    }
    worked.parent().suppress(cleaning.error());
  }
  if (worked.stopped()) {
    co_await stopped_awaiter{};
  }
  if (failed) {
    worked.parent().decided_at(worked.decided());
  }
  co_return worked.get().take();
}

} // namespace detail

/// How long a cleanup may take before it is stopped, if not said otherwise.
inline constexpr std::chrono::nanoseconds default_cleanup_limit = std::chrono::seconds(5);

/// Runs `work`, then `cleanup`, whether work gave a value, threw, or was stopped; then gives work's completion again. The
/// cleanup can await: it runs shielded from the stop, for at most `limit` from its start, after which it is stopped
/// (`deadline_exceeded`). An error of the cleanup is thrown if work gave a value, else it is listed in the outcome's
/// `suppressed()`. In a tree that is stopping already, work doesn't start, and the cleanup runs.
///
///     co_await weir::finally(use(connection), connection.say_goodbye());
template<class T> task<T> finally(task<T> work, task<> cleanup, std::chrono::nanoseconds limit = default_cleanup_limit) {
  return detail::run_finally(std::move(work), std::move(cleanup), limit);
}

} // namespace weir
