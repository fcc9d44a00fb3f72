#pragma once

#include <cstdint>
#include <vector>

#include "bit_writer.hpp"
#include "dice.hpp"

namespace weir::forge {

/// A prefix code as deflate has them: by the lengths alone.
class prefix_code {
public:
  /// `lengths[s]` bits for symbol s, 0 for none. They may be too many or too few for a code; what is then written is garbage of
  /// the right length.
  explicit prefix_code(std::vector<std::uint8_t> lengths);

  /// The symbol has to have a length.
  void put(bit_writer& to, std::uint32_t symbol) const { to.put(codes_.at(symbol), lengths_.at(symbol)); }
  [[nodiscard]] const std::vector<std::uint8_t>& lengths() const { return lengths_; }

private:
  std::vector<std::uint8_t> lengths_;
  std::vector<std::uint16_t> codes_; // their first bit lowest
};

/// The code of deflate's "fixed" blocks.
const prefix_code& fixed_lengths();
const prefix_code& fixed_distances();

/// Lengths for an alphabet of `size` symbols of which those that `used` names get some: a complete code of any shape, from all
/// lengths equal to a comb, of at most `longest` bits. One symbol alone gets one bit: the one incomplete code that deflate
/// knows.
std::vector<std::uint8_t> any_lengths(std::size_t size, std::vector<std::uint32_t> used, unsigned longest, dice& d);

} // namespace weir::forge
