#include "watchdog.hpp"

#include "../io/quiet_thread.hpp"
#include "../loop/futex.hpp"
#include <weir/sleep.hpp>

namespace weir::detail {

namespace {
using clock = std::chrono::steady_clock;
constexpr clock::time_point never = clock::time_point::max();
} // namespace

watchdog::watchdog(std::chrono::nanoseconds limit, watched& of)
    : limit_(limit), of_(of), thread_(io::start_quiet_thread("weir-watch", [this] { watch(); })) {}

watchdog::~watchdog() {
  over_.store(true);
  changed();
  thread_.join();
}

void watchdog::changed() noexcept {
  change_.fetch_add(1);
  if (idle_.exchange(false)) {
    loop::futex_wake(change_);
  }
}

void watchdog::stop_began() noexcept {
  under_way_.fetch_add(1);
  changed();
}

// Nothing waits for this: when the time is over, it is looked at.
void watchdog::stop_ended() noexcept {
  ended_.fetch_add(1);
  under_way_.fetch_sub(1);
}

void watchdog::answered() noexcept {
  asked_.store(false);
  changed();
}

template<class F> bool watchdog::sleep_until(F done, clock::time_point until) noexcept {
  for (;;) {
    const std::uint32_t seen = change_.load();
    idle_.store(true);
    if (over_.load() || done() || clock::now() >= until) {
      idle_.store(false);
      return !over_.load() && done();
    }
    loop::futex_wait(change_, seen, until);
    idle_.store(false);
  }
}

void watchdog::watch() noexcept {
  const auto nothing = [] { return false; };
  const auto has_answered = [this] { return !asked_.load(); };
  while (sleep_until([this] { return under_way_.load() != 0; }, never)) {
    (void)sleep_until(nothing, after(clock::now(), limit_));
    if (over_.load() || under_way_.load() == 0) {
      continue;
    }
    const std::size_t ended = ended_.load();
    asked_.store(true);
    of_.look_for_slow_stops();
    if (sleep_until(has_answered, after(clock::now(), limit_)) || over_.load()) {
      continue;
    }
    if (under_way_.load() != 0 && ended_.load() == ended) { // then what was under way when it was asked still is
      of_.loop_is_stuck();
    }
    (void)sleep_until(has_answered, never); // what was posted has to come back
  }
}

} // namespace weir::detail
