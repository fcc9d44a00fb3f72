#include "fiber.hpp"

#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WEIR_FIBER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WEIR_FIBER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WEIR_FIBER_TSAN 1
#endif

#ifdef WEIR_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WEIR_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace weir::workers {

namespace {
constexpr std::size_t stack_bytes = 256 * 1024;
thread_local fiber* running = nullptr;
} // namespace

fiber* fiber::current() noexcept { return running; }

fiber::fiber(std::function<void()> body, void* owner)
    : body_(std::move(body)), owner_(owner), stack_(new std::byte[stack_bytes]) {
  getcontext(&here_);
  here_.uc_stack.ss_sp = stack_.get();
  here_.uc_stack.ss_size = stack_bytes;
  here_.uc_link = nullptr;
  makecontext(&here_, &fiber::enter, 0);
#ifdef WEIR_FIBER_TSAN
  sanitizer_fiber_ = __tsan_create_fiber(0);
#endif
}

fiber::~fiber() {
  over_ = true;
  if (begun_) {
    resume(); // so that the sanitizer's part of its stack is given back
  }
#ifdef WEIR_FIBER_TSAN
  __tsan_destroy_fiber(sanitizer_fiber_);
#endif
}

void fiber::enter() noexcept {
  fiber& self = *running;
#ifdef WEIR_FIBER_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self.there_bottom_, &self.there_size_);
#endif
  self.body_();
#ifdef WEIR_FIBER_TSAN
  __tsan_switch_to_fiber(self.sanitizer_there_, 0);
#endif
#ifdef WEIR_FIBER_ASAN
  __sanitizer_start_switch_fiber(nullptr, self.there_bottom_, self.there_size_);
#endif
  setcontext(&self.there_);
}

void fiber::resume() noexcept {
  running = this;
  begun_ = true;
#ifdef WEIR_FIBER_TSAN
  sanitizer_there_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_fiber_, 0);
#endif
#ifdef WEIR_FIBER_ASAN
  void* fake_there = nullptr;
  __sanitizer_start_switch_fiber(&fake_there, stack_.get(), stack_bytes);
#endif
  swapcontext(&there_, &here_);
#ifdef WEIR_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake_there, nullptr, nullptr);
#endif
  running = nullptr;
}

bool fiber::pause() noexcept {
#ifdef WEIR_FIBER_TSAN
  __tsan_switch_to_fiber(sanitizer_there_, 0);
#endif
#ifdef WEIR_FIBER_ASAN
  __sanitizer_start_switch_fiber(&fake_here_, there_bottom_, there_size_);
#endif
  swapcontext(&here_, &there_);
#ifdef WEIR_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake_here_, &there_bottom_, &there_size_);
#endif
  return !over_;
}

} // namespace weir::workers
