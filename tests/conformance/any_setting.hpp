#pragma once

#include <array>

#include "comparer.hpp"
#include "dice.hpp"

namespace weir::conformance {

/// Any combination of channels and bits, of pieces that the file comes in, and of places for the rows.
inline setting any_setting(forge::dice& d) {
  constexpr std::array<std::size_t, 8> segments = {1, 2, 3, 7, 13, 50, 1000, memory::segment_bytes};
  setting s;
  s.options.channels = static_cast<int>(d.below(5));
  s.options.bits = d.one_in(2) ? 8 : 16;
  s.segment = d.one_in(2) ? memory::segment_bytes : d.pick(segments);
  s.gap = d.one_in(3) ? d.between(1, 70) : 0;
  s.offset = d.one_in(3) ? d.below(64) : 0;
  return s;
}

} // namespace weir::conformance
