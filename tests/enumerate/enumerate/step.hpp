#pragma once

#include <cstdint>
#include <source_location>

namespace weir::enumerate {

/// What a thread is about to do that others may see, or that depends on them.
enum class action : std::uint8_t {
  load,
  store,
  change, ///< read and written as one: exchange, compare and exchange, add
  lock,
  unlock,
  wait, ///< on a condition variable
  notify,
  sleep, ///< on a futex
  wake,
  begin, ///< of a thread
  join,
  yield,
  touch, ///< a plain value (see cell.hpp)
};

/// An action, and where in the source it stands.
struct step {
  action what;
  const void* object;
  std::source_location where;
};

/// A mistake that is put into the code under test while it runs, at one place of its source: to show that exploring finds it.
struct plant {
  enum class mistake : std::uint8_t {
    none,
    weaken, ///< the action's memory order is relaxed
    skip,   ///< the action isn't done; a load gives zero
  };
  mistake made = mistake::none;
  action at = action::load;
  const char* in = ""; ///< a part of the function's name

  [[nodiscard]] static plant weaken(action at, const char* in) noexcept { return {mistake::weaken, at, in}; }
  [[nodiscard]] static plant skip(action at, const char* in) noexcept { return {mistake::skip, at, in}; }
};

} // namespace weir::enumerate
