#pragma once

#ifdef WEIR_ENUMERATED
#include <enumerate/atomic.hpp> // IWYU pragma: export
#else

#include <atomic>

/// What weir's threads meet in. The standard's, but for one build of the tests (tests/enumerate), which compiles the same
/// sources over primitives that try every interleaving. src/loop/sync.hpp has the rest of them.
namespace weir::sync {

template<class T> using atomic = std::atomic<T>;

} // namespace weir::sync

#endif
