#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comparer.hpp"

namespace weir::conformance {

/// A file on which decoders are not of one mind.
struct disagreement {
  bytes file;
  setting how;
  std::string what;
};

/// One case of a run: a file that the seed and the number make, under one or all combinations of channels and bits, and what
/// mutations make of it; every hundredth or so a large one, or a tiny one cut at every byte or with every bit turned. The same
/// ones for the same numbers on every machine.
[[nodiscard]] std::optional<disagreement> run_case(std::uint64_t seed, std::uint64_t number, comparer& c);

/// A file that came from elsewhere, under all combinations, and `mutants` mutations of it.
[[nodiscard]] std::optional<disagreement> compare_file(const bytes& file, std::uint64_t seed, unsigned mutants, comparer& c);

} // namespace weir::conformance
