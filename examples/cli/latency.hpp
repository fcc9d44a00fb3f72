#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

namespace cli {

/// Microseconds.
struct percentiles {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

/// Counts times in buckets that are 1/32 of their value wide, in 15 KB whatever the number of times. The maximum is exact,
/// a percentile at most 1.6 % off. On one thread.
class latency_histogram {
public:
  /// Negative times count as 0.
  void record(std::chrono::nanoseconds time) noexcept {
    const auto value = static_cast<std::uint64_t>(std::max<std::chrono::nanoseconds::rep>(time.count(), 0));
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// Nothing where nothing was recorded.
  [[nodiscard]] std::optional<percentiles> summary() const {
    if (count_ == 0)
      return std::nullopt;
    return percentiles{.p50 = at(0.50), .p99 = at(0.99), .p999 = at(0.999), .max = static_cast<double>(max_) / 1e3};
  }

private:
  static constexpr unsigned steps_log2 = 5;
  static constexpr std::uint64_t steps = 1U << steps_log2; // buckets an octave
  static constexpr std::size_t bucket_count = (64 - steps_log2) * steps + steps;

  // Values below `steps` have a bucket each; above, an octave [2^k, 2^(k+1)) has `steps` of them.
  static std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < steps)
      return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - steps_log2;
    return (shift + 1) * steps + ((value >> shift) - steps);
  }

  static double middle_of(std::size_t bucket) noexcept {
    if (bucket < steps)
      return static_cast<double>(bucket);
    const std::uint64_t shift = bucket / steps - 1;
    const double width = std::ldexp(1.0, static_cast<int>(shift));
    return static_cast<double>(bucket % steps + steps) * width + (width - 1) / 2;
  }

  /// The nearest-rank percentile, in microseconds.
  [[nodiscard]] double at(double part) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
      seen += buckets_[bucket];
      if (seen >= rank)
        return std::min(middle_of(bucket), static_cast<double>(max_)) / 1e3;
    }
    return static_cast<double>(max_) / 1e3;
  }

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

} // namespace cli
