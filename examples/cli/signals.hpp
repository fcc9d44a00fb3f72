#pragma once

#include <csignal>

namespace cli {

/// Takes SIGINT, SIGTERM and SIGUSR1 (which asks for a word on what goes on) for as long as it lives, and ignores SIGPIPE, so
/// that a closed stdout is a failed write. One at a time in a process: signal handlers have nowhere but globals to look.
///
/// The first signal of either kind is recorded, makes `wake_descriptor()` readable for ever, and calls the callback; from then
/// on both have their default action, so that a second one kills. The system calls of the thread that took it return EINTR.
/// The handlers are taken whether or not the signals were ignored before: a shell's background job must stop, too.
class signals {
public:
  /// Runs in a signal handler, on any thread: async-signal-safe things only.
  using callback = void (*)(void* context) noexcept;

  signals(); ///< throws std::system_error
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;
  ~signals(); ///< the handlers are what they were before

  /// The first signal, or 0. Any thread.
  [[nodiscard]] int received() const noexcept;
  /// For poll(2): readable once a signal has come.
  [[nodiscard]] int wake_descriptor() const noexcept;

  /// Calls `function(context)` on the first signal; at once if it has come already, in which case it may be called twice.
  void call(callback function, void* context) noexcept;
  /// Calls `function(context)` on every SIGUSR1; before that, and after `call_nothing`, those are ignored.
  void call_on_request(callback function, void* context) noexcept;
  /// After this returns, no callback is running anywhere, nor will one.
  void call_nothing() noexcept;

private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
  struct sigaction old_pipe_ {};
  struct sigaction old_user_ {};
};

} // namespace cli
