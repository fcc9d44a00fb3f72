#pragma once

#include <thread>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace weir::io {

/// Starts a thread that no signal handler of the process will run on, with a name of at most 15 characters that tools show.
/// Throws std::system_error where the system gives no thread.
template<class Function> std::thread start_quiet_thread(const char* name, Function&& function) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct restore {
    sigset_t& mask;
    ~restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } const put_back{before};
  std::thread thread(std::forward<Function>(function));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

} // namespace weir::io
