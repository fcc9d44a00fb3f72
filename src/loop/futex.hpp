#pragma once

#include <cstdint>

#include <weir/detail/context.hpp>
#include <weir/detail/sync.hpp>

namespace weir::loop {

/// Sleeps while `word` is `expected`, until a wake, a signal, or `until` (time_point::max(): no limit). May return for no
/// reason: the caller looks again. A memory order comes from the word, not from here.
void futex_wait(sync::atomic<std::uint32_t>& word, std::uint32_t expected,
                detail::time_point until = detail::time_point::max()) noexcept;

/// Wakes one sleeper. Async-signal-safe, errno included.
void futex_wake(sync::atomic<std::uint32_t>& word) noexcept;

} // namespace weir::loop
