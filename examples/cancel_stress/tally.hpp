#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "cli/latency.hpp"
#include "life.hpp"
#include "plan.hpp"

namespace cancel_stress {

/// What all runs came to.
class tally {
public:
  void add(const plan& p, const verdict& v);

  [[nodiscard]] std::uint64_t runs() const noexcept { return all_.runs; }
  /// A table for people.
  [[nodiscard]] std::string to_text() const;
  /// One JSON object on one line, without the newline. Microseconds.
  [[nodiscard]] std::string to_json(std::uint64_t first_seed, double seconds) const;

private:
  struct row {
    std::uint64_t runs = 0;
    std::array<std::uint64_t, 3> ended{}; ///< done, failed, stopped
    cli::latency_histogram times;
    void add(const verdict& v);
  };
  static constexpr std::size_t bins = 6; ///< below 10 µs, 100 µs, … 100 ms, and above

  std::array<row, end_kinds> kinds_;
  row all_;
  std::array<std::uint64_t, bins> times_in_{};
  std::map<std::string, std::uint64_t> places_;
  std::map<std::string, std::uint64_t> waited_for_;
  std::uint64_t images_ = 0;
};

} // namespace cancel_stress
