#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <ucontext.h>

namespace weir::workers {

/// A thread's stack without the thread: a function that can pause in the middle, and goes on when it is told to. For the
/// simulator: its workers run real jobs in it, from one look at the stop flag to the next.
class fiber {
public:
  /// `body` doesn't throw.
  fiber(std::function<void()> body, void* owner);
  /// Lets the body return, if it has begun.
  ~fiber();
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  void resume() noexcept; ///< until it pauses; not from inside it
  /// From inside. False: it is to return now.
  bool pause() noexcept;
  /// The one that runs on this thread; null: none.
  [[nodiscard]] static fiber* current() noexcept;
  [[nodiscard]] void* owner() const noexcept { return owner_; } ///< whatever the maker gave

private:
  static void enter() noexcept;

  std::function<void()> body_;
  void* owner_;
  std::unique_ptr<std::byte[]> stack_;
  bool begun_ = false;
  bool over_ = false;
  ucontext_t here_{};
  ucontext_t there_{}; // whoever resumed it
  // The sanitizers' own notion of stacks; each uses its own.
  [[maybe_unused]] void* sanitizer_fiber_ = nullptr;
  [[maybe_unused]] void* sanitizer_there_ = nullptr;
  [[maybe_unused]] const void* there_bottom_ = nullptr;
  [[maybe_unused]] std::size_t there_size_ = 0;
  [[maybe_unused]] void* fake_here_ = nullptr;
};

} // namespace weir::workers
