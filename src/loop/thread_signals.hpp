#pragma once

#include <csignal>

#include <pthread.h>

namespace weir::loop {

/// While it lives, this thread takes no signals but those for faults of its own: a host's handlers for those shall work on each
/// thread. A thread that is made meanwhile inherits that, so there is no moment in which one could take a signal.
class signals_blocked {
public:
  signals_blocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
      sigdelset(&all, fault);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_;
};

} // namespace weir::loop
