#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::forge {

/// Choices out of a seed: the same ones on every machine, and others for a neighbouring seed.
class dice {
public:
  explicit dice(std::uint64_t seed, std::uint64_t stream = 0) : state_(mixed(seed) ^ mixed(~stream)) {}

  std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15U); }
  /// 0 to n - 1.
  std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(next() % n); }
  /// `low` to `high`.
  std::uint32_t between(std::size_t low, std::size_t high) { return static_cast<std::uint32_t>(low + below(high - low + 1)); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(next()); }

  template<class List> const auto& pick(const List& from) { return *(from.begin() + below(from.size())); }

private:
  // The finalizer of splitmix64.
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

} // namespace weir::forge
