#pragma once

#include <set>
#include <string>

namespace weir::test {

/// What the library's sources have that can be awaited.
struct found_in_sources {
  /// Classes that have an await_suspend of their own, or of a base of theirs; without those bases.
  std::set<std::string> awaiters;
  /// The words that a dump has for a wait.
  std::set<std::string> waits;
};

/// Of all in include/weir and src. They are read as text: a class that is derived from an awaiter by way of a type alias would
/// not be found.
[[nodiscard]] found_in_sources look_at_sources();

} // namespace weir::test
