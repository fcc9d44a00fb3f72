#include "cli/latency.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

using namespace cli;
using std::chrono::nanoseconds;

TEST_CASE("a histogram of nothing has no percentiles") { CHECK_FALSE(latency_histogram{}.summary()); }

TEST_CASE("one time is all its percentiles") {
  latency_histogram times;
  times.record(nanoseconds(123'456));
  const auto is = times.summary();
  REQUIRE(is);
  CHECK(is->p50 == Approx(123.456).epsilon(0.016));
  CHECK(is->p99 == Approx(123.456).epsilon(0.016));
  CHECK(is->max == Approx(123.456).epsilon(1e-12));
}

TEST_CASE("percentiles are within two per cent of those of the sorted times, the maximum exact, over nine decades") {
  std::minstd_rand random(1);
  latency_histogram times;
  std::vector<double> sorted;
  std::uniform_real_distribution<double> exponent(0, 9);
  for (int i = 0; i < 10'000; ++i) {
    const auto time = static_cast<std::int64_t>(std::pow(10.0, exponent(random)));
    times.record(nanoseconds(time));
    sorted.push_back(static_cast<double>(time) / 1e3);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto is = times.summary();
  CHECK(is->p50 == Approx(sorted[4'999]).epsilon(0.02));
  CHECK(is->p99 == Approx(sorted[9'899]).epsilon(0.02));
  CHECK(is->max == Approx(sorted.back()).epsilon(1e-12));
}

TEST_CASE("the extremes of time have buckets") {
  latency_histogram times;
  times.record(nanoseconds(-5));
  times.record(nanoseconds(0));
  times.record(nanoseconds(31));
  times.record(nanoseconds(32));
  times.record(nanoseconds::max());
  CHECK(times.count() == 5);
  CHECK(times.summary()->p50 == Approx(0.031));
  CHECK(times.summary()->max == Approx(static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 1e3));
}
