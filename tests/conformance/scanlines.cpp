#include "scanlines.hpp"

#include <array>
#include <cstdlib>
#include <span>

namespace weir::forge {
namespace {

using bytes = std::vector<std::uint8_t>;

struct pass {
  std::uint32_t x, y, step_x, step_y;
};
constexpr std::array<pass, 7> adam7 = {
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};

unsigned bits_of_a_pixel(const png::picture& p) {
  constexpr std::array<unsigned, 7> channels = {1, 0, 3, 1, 2, 0, 4};
  return channels.at(static_cast<std::size_t>(p.color_type)) * static_cast<unsigned>(p.bit_depth);
}

// The pixels of one row that a pass takes.
bytes taken(std::span<const std::uint8_t> row, std::uint32_t width, const pass& from, unsigned bits) {
  const std::size_t n = (width - from.x + from.step_x - 1) / from.step_x;
  bytes to((n * bits + 7) / 8);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t x = from.x + i * from.step_x;
    if (bits >= 8) {
      for (std::size_t b = 0; b < bits / 8; ++b) {
        to[i * bits / 8 + b] = row[x * bits / 8 + b];
      }
      continue;
    }
    const unsigned value = row[x * bits / 8] >> (8 - bits - x * bits % 8) & ((1U << bits) - 1);
    to[i * bits / 8] = static_cast<std::uint8_t>(to[i * bits / 8] | value << (8 - bits - i * bits % 8));
  }
  return to;
}

std::uint8_t paeth(int left, int up, int corner) {
  const int a = std::abs(up - corner);
  const int b = std::abs(left - corner);
  const int c = std::abs(left + up - 2 * corner);
  return static_cast<std::uint8_t>(a <= b && a <= c ? left : b <= c ? up : corner);
}

bytes filtered(const bytes& row, const bytes& above, unsigned filter, std::size_t pixel) {
  bytes to{static_cast<std::uint8_t>(filter)};
  to.reserve(row.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::uint8_t left = i < pixel ? std::uint8_t{0} : row[i - pixel];
    const std::uint8_t corner = i < pixel ? std::uint8_t{0} : above[i - pixel];
    const std::array<int, 5> predicted = {0, left, above[i], (left + above[i]) / 2, paeth(left, above[i], corner)};
    to.push_back(static_cast<std::uint8_t>(row[i] - predicted.at(filter)));
  }
  return to;
}

std::size_t weight(const bytes& line) {
  std::size_t sum = 0;
  for (std::size_t i = 1; i < line.size(); ++i) {
    sum += static_cast<std::size_t>(std::abs(int{static_cast<std::int8_t>(line[i])}));
  }
  return sum;
}

bytes filtered(const bytes& row, const bytes& above, filtering how, std::size_t pixel, dice& d) {
  if (how == filtering::adaptive) {
    bytes best = filtered(row, above, 0, pixel);
    for (unsigned f = 1; f < 5; ++f) {
      if (bytes other = filtered(row, above, f, pixel); weight(other) < weight(best)) {
        best = std::move(other);
      }
    }
    return best;
  }
  return filtered(row, above, how < filtering::mixed ? static_cast<unsigned>(how) : d.below(5), pixel);
}

} // namespace

bytes scanlines(const png::picture& p, filtering how, dice& d) {
  constexpr pass whole = {0, 0, 1, 1};
  const unsigned bits = bits_of_a_pixel(p);
  const std::span<const pass> passes = p.interlaced ? std::span<const pass>(adam7) : std::span<const pass>(&whole, 1);
  bytes to;
  std::vector<std::size_t> starts;
  for (const pass& from : passes) {
    if (from.x >= p.width) {
      continue;
    }
    bytes above;
    for (std::uint32_t y = from.y; y < p.height; y += from.step_y) {
      const bytes row = taken(std::span(p.samples).subspan(y * p.row_bytes(), p.row_bytes()), p.width, from, bits);
      above.resize(row.size());
      const bytes line = filtered(row, above, how, (bits + 7) / 8, d);
      starts.push_back(to.size());
      to.insert(to.end(), line.begin(), line.end());
      above = row;
    }
  }
  if (how == filtering::flawed) {
    to[d.pick(starts)] = static_cast<std::uint8_t>(d.between(5, 255));
  }
  return to;
}

} // namespace weir::forge
