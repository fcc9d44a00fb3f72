#include "loop/futex.hpp"

#include "scheduler.hpp"

// In the place of src/loop/futex.cpp. There is no time here: the programs under test have no timers.

namespace weir::loop {

using enumerate::action;
using enumerate::scheduler;

void futex_wait(sync::atomic<std::uint32_t>& word, std::uint32_t expected, detail::time_point until) noexcept {
  scheduler& s = scheduler::now();
  if (until != detail::time_point::max()) {
    s.fail("a sleep with a time limit, where no time passes");
  }
  s.before({action::sleep, &word, std::source_location::current()});
  if (word.location().newest() == expected && s.surprise(2) == 0) {
    s.block(&word, action::sleep);
  }
}

void futex_wake(sync::atomic<std::uint32_t>& word) noexcept {
  scheduler& s = scheduler::now();
  if (s.before({action::wake, &word, std::source_location::current()}) != enumerate::plant::mistake::skip) {
    s.wake_one(&word);
  }
}

} // namespace weir::loop
