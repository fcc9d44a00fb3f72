#pragma once

#include <thread>
#include <utility>

#include <pthread.h>

#include "../loop/thread_signals.hpp"

namespace weir::io {

/// Starts a thread that no signal handler of the process will run on, but for faults of its own, with a name of at most 15
/// characters that tools show. Throws std::system_error where the system gives no thread.
template<class Function> std::thread start_quiet_thread(const char* name, Function&& function) {
  const loop::signals_blocked inherited;
  std::thread thread(std::forward<Function>(function));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

} // namespace weir::io
