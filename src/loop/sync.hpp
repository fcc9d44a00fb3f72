#pragma once

#include <weir/detail/sync.hpp>

#ifdef WEIR_ENUMERATED
#include <enumerate/threads.hpp> // IWYU pragma: export
#else

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

/// What the code on both sides of a thread's border is written in, beside sync::atomic and the futex: see
/// weir/detail/sync.hpp for why these have names of their own.
namespace weir::sync {

using mutex = std::mutex;
using condition_variable = std::condition_variable;
using thread = std::thread;
using clock = std::chrono::steady_clock;

inline void yield() noexcept { std::this_thread::yield(); }

} // namespace weir::sync

#endif
