#pragma once

#include <cstddef>
#include <cstdint>

#include "../loop/sync.hpp"

namespace weir::memory {

class pool_core;

/// The control block of a piece of storage; apart from the storage, which may be a device's. Its pool recycles it.
struct block {
  block(pool_core& c) noexcept : core(c) {}

  pool_core& core;
  std::byte* data = nullptr;
  std::uint64_t bytes = 0;    ///< asked for
  std::uint64_t capacity = 0; ///< obtained, and charged
  sync::atomic<std::uint32_t> references{0};
  sync::atomic<bool> held_by_user{false};

  block* next_returned = nullptr; // from the release to the loop's taking it back

  // While it is cached, the loop thread's: in the list of all, and in that of its size class.
  block* newer = nullptr;
  block* older = nullptr;
  block* class_newer = nullptr;
  block* class_older = nullptr; // also links the spare control blocks
  std::uint64_t stamp = 0;
};

} // namespace weir::memory
