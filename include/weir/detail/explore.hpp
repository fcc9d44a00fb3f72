#pragma once

// For the explorer (tests/sim), which makes a build of the library of its own, with WEIR_EXPLORE defined. In every other build
// nothing of this is there: WEIR_PLANTED is false, and no hook is called.

#ifdef WEIR_EXPLORE

#include <cstddef>
#include <utility>

namespace weir::detail::explore {

/// Mistakes that can be planted, to show that the explorer finds them.
enum class bug : unsigned char {
  none,
  early_release,    ///< a file's segments go back when its read is stopped, not when it has come back
  lost_cancel,      ///< an operation that the kernel has is not asked to end
  stop_as_end,      ///< a stopped receiver gets nullopt
  scope_leaves,     ///< a scope ends with its body, and doesn't wait for its children
  job_after_stop,   ///< a worker begins a job whose flag is set
  inline_end,       ///< a stopped chain is unwound from inside the request
  swallowed_error,  ///< a child's error is forgotten
  leaked_file,      ///< an open that succeeds after its cancel is not closed
  body_first,       ///< a scope's body is destroyed before its last child
  double_resume,    ///< a waiter for memory that is stopped stays in the queue
  forgotten_waiter, ///< who leaves the queue for memory doesn't let the next one come
};

inline bug planted = bug::none;
/// Called before each look at a stop flag.
inline void (*looks_at_flag)() noexcept = nullptr;
/// A pool has got memory back, and keeps it; it is about to give it out again, or to free it.
inline void (*poisoned)(const void*, std::size_t) noexcept = nullptr;
inline void (*unpoisoned)(const void*, std::size_t) noexcept = nullptr;

/// While one of these is there, what is allocated is the simulator's own, and no allocation is made to fail.
inline int aside = 0;
class own_business {
public:
  own_business() noexcept { ++aside; }
  own_business(const own_business&) = delete;
  own_business& operator=(const own_business&) = delete;
  ~own_business() { --aside; }
};

} // namespace weir::detail::explore

#define WEIR_PLANTED(what) (::weir::detail::explore::planted == ::weir::detail::explore::bug::what)

#else

#define WEIR_PLANTED(what) false

#endif
