#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decoder.hpp"

namespace bench {

/// How one decoder did on one class of images.
struct result {
  std::string decoder;
  std::string unable;            ///< why it has no figures; or empty
  std::vector<double> megabytes; ///< of output a second (10^6), one for each round
  double allocations = -1;       ///< calls of malloc and the like a decode, when it has decoded the same before; -1 not counted
  double peak = -1; ///< bytes, lent ones included, that a decode had at most, all of its class on average; -1 likewise
  std::uint64_t differences = 0; ///< images of which it makes other pixels than libpng
};

struct measure_options {
  int rounds = 9;
  double least_seconds = 0.02; ///< of decoding a round
};

/// Decodes all samples with each decoder in turn, round after round, in another order each time. The time is the processor's on
/// this thread: what else the machine does counts little. Before the first round it looks at the pixels and at the heap.
[[nodiscard]] std::vector<result> measure(const std::vector<sample>& samples, const std::vector<decoder>& decoders,
                                          const measure_options& options);

} // namespace bench
