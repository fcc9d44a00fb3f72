#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace plain {

/// Seconds of the processor that this process has used so far, by threads that have ended as well.
[[nodiscard]] double processor_seconds();
/// The same of the threads that are alive, by what a thread of weir's is for: "read" (the engine's threads, libuv's and the
/// kernel's for io_uring), "decode" (the workers), "rest" (the loop, which is the main thread here).
[[nodiscard]] std::map<std::string, double> processor_seconds_by_part();

/// Threads of this process.
[[nodiscard]] std::size_t count_threads();

/// Bytes, by the name that /proc/self/status has: VmRSS now, VmHWM at most so far.
[[nodiscard]] std::uint64_t resident(const std::string& field);

} // namespace plain
