#pragma once

#include <cstddef>

#include <weir/detail/explore.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WEIR_ADDRESS_SANITIZER 1
#endif

#ifdef WEIR_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace weir::memory {

/// Memory that a pool keeps for later is nobody's: under AddressSanitizer an access to it is an error. Else these do nothing.
inline void poison([[maybe_unused]] const void* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef WEIR_EXPLORE
  if (detail::explore::poisoned != nullptr) {
    detail::explore::poisoned(p, bytes);
  }
#endif
#ifdef WEIR_ADDRESS_SANITIZER
  __asan_poison_memory_region(p, bytes);
#endif
}

inline void unpoison([[maybe_unused]] const void* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef WEIR_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(p, bytes);
#endif
#ifdef WEIR_EXPLORE
  if (detail::explore::unpoisoned != nullptr) {
    detail::explore::unpoisoned(p, bytes);
  }
#endif
}

} // namespace weir::memory
