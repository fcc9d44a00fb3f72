#include "last_words.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>

#include <unistd.h>

/// Of the sanitizers' runtimes, where one is linked in.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)()); // NOLINT(readability-identifier-naming)

namespace cancel_stress {

namespace {

// What a signal handler may touch.
std::array<char, 4096> words{};
volatile std::sig_atomic_t length = 0;

void say(std::string_view text) noexcept { [[maybe_unused]] const auto n = write(STDERR_FILENO, text.data(), text.size()); }

void say_words() noexcept {
  if (length != 0) {
    say("\ncancel_stress: VIOLATION: the process died\n");
    say({words.data(), static_cast<std::size_t>(length)});
  }
}

void on_signal(int number) {
  say_words();
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  sigaction(number, &by_default, nullptr);
  raise(number);
}

std::mutex mutex;
std::condition_variable changed;
std::uint64_t run = 0; // counts; under the mutex, as is the next
bool running = false;
bool over = false;
std::thread watchdog;

void watch(std::chrono::seconds patience) {
  std::unique_lock lock(mutex);
  while (!over) {
    if (!running) {
      changed.wait(lock);
      continue;
    }
    const std::uint64_t seen = run;
    const auto limit = std::chrono::steady_clock::now() + patience;
    if (!changed.wait_until(lock, limit, [&] { return over || !running || run != seen; })) {
      say("\ncancel_stress: VIOLATION: a run doesn't end\n");
      say({words.data(), static_cast<std::size_t>(length)});
      _exit(1);
    }
  }
}

} // namespace

last_words::last_words(std::chrono::seconds patience) {
  over = false;
  watchdog = std::thread(watch, patience);
  if (&__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback([] { say_words(); }); // it reports signals itself
    return;
  }
  struct sigaction take {};
  take.sa_handler = on_signal;
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    sigaction(number, &take, nullptr);
  }
}

last_words::~last_words() {
  run_ended();
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  changed.notify_all();
  watchdog.join();
}

void last_words::run_begins(const std::string& text) {
  const std::lock_guard lock(mutex);
  length = 0;
  const std::size_t n = std::min(text.size(), words.size());
  std::memcpy(words.data(), text.data(), n);
  length = static_cast<std::sig_atomic_t>(n);
  ++run;
  running = true;
  changed.notify_all();
}

void last_words::run_ended() {
  const std::lock_guard lock(mutex);
  length = 0;
  running = false;
  changed.notify_all();
}

} // namespace cancel_stress
