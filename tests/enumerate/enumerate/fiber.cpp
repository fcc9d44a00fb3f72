#include "fiber.hpp"

#include <cstdlib>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WEIR_FIBER_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define WEIR_FIBER_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define WEIR_FIBER_TSAN 1
#endif

#ifdef WEIR_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WEIR_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace weir::enumerate {

namespace {
// Who enters a fiber for the first time: makecontext passes ints alone.
fiber* entered = nullptr;
fiber* left = nullptr;

/// The first thing on every stack that has been switched to.
void arrived([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** bottom_before,
             [[maybe_unused]] std::size_t* size_before) noexcept {
#ifdef WEIR_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, bottom_before, size_before);
#endif
}
} // namespace

fiber::fiber(std::function<void()> serve)
    : stack_(std::make_unique<std::byte[]>(stack_bytes)), bottom_(stack_.get()), size_(stack_bytes), serve_(std::move(serve)) {
#ifdef WEIR_FIBER_TSAN
  thread_sanitizers_ = __tsan_create_fiber(0);
#endif
  ::getcontext(&context_);
  context_.uc_stack.ss_sp = stack_.get();
  context_.uc_stack.ss_size = stack_bytes;
  context_.uc_link = nullptr;
  ::makecontext(&context_, &fiber::enter, 0);
}

fiber::fiber(without_stack) noexcept {
#ifdef WEIR_FIBER_TSAN
  thread_sanitizers_ = __tsan_get_current_fiber();
#endif
}

fiber::~fiber() {
#ifdef WEIR_FIBER_TSAN
  if (stack_) {
    __tsan_destroy_fiber(thread_sanitizers_);
  }
#endif
}

std::unique_ptr<fiber> fiber::of_this_thread() { return std::unique_ptr<fiber>(new fiber(without_stack{})); }

void fiber::switch_to(fiber& from, fiber& to) noexcept {
  entered = &to;
  left = &from;
#ifdef WEIR_FIBER_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.size_);
#endif
#ifdef WEIR_FIBER_TSAN
  __tsan_switch_to_fiber(to.thread_sanitizers_, 0);
#endif
  ::swapcontext(&from.context_, &to.context_);
  arrived(from.fake_stack_, nullptr, nullptr);
}

void fiber::enter() noexcept {
  const void* bottom = nullptr;
  std::size_t size = 0;
  arrived(nullptr, &bottom, &size);
  if (!left->stack_ && bottom != nullptr) { // the real thread's, which only the sanitizer knows
    left->bottom_ = bottom;
    left->size_ = size;
  }
  entered->serve_();
  std::abort();
}

} // namespace weir::enumerate
