#include "futex.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weir::loop {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

// ThreadSanitizer puts a signal's handler off until its thread next calls something that it knows. This call isn't, and is
// begun again behind a handler with SA_RESTART: so there it ends now and then, and its callers, who expect that, call it again.
#if defined(__SANITIZE_THREAD__)
#define WEIR_SIGNALS_ARE_PUT_OFF 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_SIGNALS_ARE_PUT_OFF 1
#endif
#endif

// The absolute timeout of FUTEX_WAIT_BITSET is on CLOCK_MONOTONIC, which is libstdc++'s and libc++'s steady_clock on Linux.
void futex_wait(sync::atomic<std::uint32_t>& word, std::uint32_t expected, detail::time_point until) noexcept {
#ifdef WEIR_SIGNALS_ARE_PUT_OFF
  until = std::min(until, detail::clock::now() + std::chrono::milliseconds(20));
#endif
  timespec at{};
  const bool limited = until != detail::time_point::max();
  if (limited) {
    const auto since_boot = until.time_since_epoch();
    if (since_boot.count() <= 0) {
      return;
    }
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    at.tv_sec = static_cast<std::time_t>(whole.count());
    at.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since_boot - whole).count());
  }
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, limited ? &at : nullptr, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(sync::atomic<std::uint32_t>& word) noexcept {
  const int before = errno;
  syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
  errno = before;
}

} // namespace weir::loop
