#include "prefix_code.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::forge {

prefix_code::prefix_code(std::vector<std::uint8_t> lengths) : lengths_(std::move(lengths)), codes_(lengths_.size()) {
  std::uint32_t next = 0;
  for (unsigned bits = 1; bits <= 15; ++bits) {
    for (std::size_t s = 0; s < lengths_.size(); ++s) {
      if (lengths_[s] != bits) {
        continue;
      }
      std::uint32_t turned = 0;
      for (unsigned i = 0; i < bits; ++i) {
        turned |= (next >> i & 1U) << (bits - 1 - i);
      }
      codes_[s] = static_cast<std::uint16_t>(turned);
      ++next;
    }
    next <<= 1;
  }
}

const prefix_code& fixed_lengths() {
  static const prefix_code code = [] {
    std::vector<std::uint8_t> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, std::uint8_t{9});
    std::fill(lengths.begin() + 256, lengths.begin() + 280, std::uint8_t{7});
    return prefix_code(std::move(lengths));
  }();
  return code;
}

const prefix_code& fixed_distances() {
  static const prefix_code code{std::vector<std::uint8_t>(32, 5)};
  return code;
}

std::vector<std::uint8_t> any_lengths(std::size_t size, std::vector<std::uint32_t> used, unsigned longest, dice& d) {
  std::vector<std::uint8_t> lengths(size);
  if (used.size() == 1) {
    lengths.at(used.front()) = 1;
  }
  if (used.size() < 2) {
    return lengths;
  }
  // Leaves of a growing tree, as many at each depth. Which one becomes two gives the shape.
  std::array<std::size_t, 16> leaves{};
  leaves[0] = 1;
  const unsigned shape = d.below(3);
  for (std::size_t n = 1; n < used.size(); ++n) {
    unsigned depth = 0;
    if (shape == 0) { // the shallowest
      while (leaves.at(depth) == 0) {
        ++depth;
      }
    } else if (shape == 1) { // the deepest
      for (depth = longest - 1; leaves.at(depth) == 0;) {
        --depth;
      }
    } else {
      do {
        depth = d.below(longest);
      } while (leaves.at(depth) == 0);
    }
    --leaves.at(depth);
    leaves.at(depth + 1) += 2;
  }
  for (std::size_t i = used.size(); i > 1; --i) {
    std::swap(used[i - 1], used[d.below(i)]);
  }
  auto symbol = used.begin();
  for (unsigned depth = 1; depth < leaves.size(); ++depth) {
    for (std::size_t n = 0; n < leaves.at(depth); ++n) {
      lengths.at(*symbol++) = static_cast<std::uint8_t>(depth);
    }
  }
  return lengths;
}

} // namespace weir::forge
