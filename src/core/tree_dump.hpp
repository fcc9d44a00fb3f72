#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/detail/chain.hpp>
#include <weir/stop.hpp>

namespace weir::detail {

/// Puts into words what is alive below a stop source: a line for each chain of tasks that await each other, the outermost
/// first, with what it waits for and for how long; below it, indented, those that it waits for. Neighbours that say the same
/// are one line. On the loop thread, between or within steps; it changes nothing. Doesn't recurse. Throws std::bad_alloc.
///
///     - serve (server.cpp:12) > run_scope (scope.hpp:238): waits for scope join, 3.204 s
///       - 3 x answer (server.cpp:31): waits for channel receive, 0.017 to 3.204 s
class tree_dump {
public:
  /// `now` by the loop's clock; zero: says no times.
  explicit tree_dump(time_point now) noexcept : now_(now) {}

  /// The lines, each ended.
  [[nodiscard]] std::string below(const stop_source& s);

private:
  struct place {
    const chain* here;
    std::size_t depth;
  };
  struct line { // one chain's, or those of several that say the same
    std::string text;
    std::size_t depth = 0;
    bool has_children = false;
    std::size_t count = 0;
    bool timed = false;
    std::chrono::nanoseconds least{};
    std::chrono::nanoseconds most{};
  };

  void push_children(const stop_source& s, std::size_t depth);
  [[nodiscard]] line describe(const chain& c, std::size_t depth);
  void add(line l);
  void write_held_back();

  time_point now_;
  std::string text_;
  std::vector<place> to_visit_;
  line held_back_; // until it is known how many follow that say the same
};

/// "fetch (main.cpp:12)"
[[nodiscard]] std::string place_in_source(std::source_location where);
/// "1.204 s"
[[nodiscard]] std::string in_seconds(std::chrono::nanoseconds d);
/// "48.0 MiB"
[[nodiscard]] std::string in_bytes(std::uint64_t bytes);

} // namespace weir::detail
