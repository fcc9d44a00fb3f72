#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <ucontext.h>

namespace weir::enumerate {

/// A stack of its own on which functions run in turns with others, on one real thread. The sanitizers know of it.
class fiber {
public:
  /// With a stack, on which the first switch to it calls `serve`, which never returns.
  explicit fiber(std::function<void()> serve);
  ~fiber(); ///< what `serve` holds then is not destroyed
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;

  /// Leaves whoever runs now, `from`, and goes on with `to`.
  static void switch_to(fiber& from, fiber& to) noexcept;
  /// Of the real thread's own stack.
  static std::unique_ptr<fiber> of_this_thread();

private:
  struct without_stack {};
  explicit fiber(without_stack) noexcept;
  static void enter() noexcept;

  static constexpr std::size_t stack_bytes = 256 * 1024;
  std::unique_ptr<std::byte[]> stack_;
  const void* bottom_ = nullptr; // of the stack, for the sanitizers
  std::size_t size_ = 0;
  ucontext_t context_{};
  std::function<void()> serve_;
  // The sanitizers' own, where there is one.
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* thread_sanitizers_ = nullptr;
};

} // namespace weir::enumerate
