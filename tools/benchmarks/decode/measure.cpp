#include "measure.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "allocations.hpp"

namespace bench {
namespace {

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Red and blue changed over.
std::vector<std::byte> swapped(const std::byte* pixels, const sample& s) {
  std::vector<std::byte> result(pixels, pixels + s.bytes());
  if (s.channels >= 3)
    for (std::size_t at = 0; at < result.size(); at += s.channels)
      std::swap(result[at], result[at + 2]);
  return result;
}

bool same_pixels(const decoder& d, const std::byte* pixels, const std::vector<std::byte>& truth, const sample& s) {
  return d.blue_first ? swapped(pixels, s) == truth : std::equal(truth.begin(), truth.end(), pixels);
}

/// Everything but the time; what has `unable` isn't timed.
void look_at(const decoder& d, const std::vector<sample>& samples, const std::vector<std::vector<std::byte>>& truths,
             std::vector<std::byte>& into, result& r) {
  bool counted = true;
  double calls = 0;
  double peak = 0;
  for (std::size_t i = 0; i < samples.size() && r.unable.empty(); ++i) {
    const sample& s = samples[i];
    r.unable = d.unable(s);
    if (!r.unable.empty())
      break;
    const std::byte* pixels = d.decode(s, into);
    if (pixels == nullptr) {
      r.unable = "an image failed";
      break;
    }
    r.differences += same_pixels(d, pixels, truths[i], s) ? 0 : 1;
    counted &= start_counting();
    (void)d.decode(s, into);
    calls += static_cast<double>(stop_counting().calls);
    d.forget();
    start_counting();
    (void)d.decode(s, into);
    peak += static_cast<double>(stop_counting().peak) + static_cast<double>(d.lent(s));
  }
  if (counted && r.unable.empty()) {
    r.allocations = calls / static_cast<double>(samples.size());
    r.peak = peak / static_cast<double>(samples.size());
  }
}

double seconds_of(const decoder& d, const std::vector<sample>& samples, std::vector<std::byte>& into, int times) {
  const double start = processor_seconds();
  for (int time = 0; time < times; ++time)
    for (const sample& s : samples)
      if (d.decode(s, into) == nullptr)
        throw std::runtime_error(d.name + ": a decode failed that was good before");
  return processor_seconds() - start;
}

std::vector<std::vector<std::byte>> true_pixels(const std::vector<sample>& samples) {
  std::vector<decoder> libpng;
  add_libpng(libpng);
  std::vector<std::vector<std::byte>> truths;
  for (const sample& s : samples) {
    const std::byte* pixels = libpng.front().decode(s, {});
    if (pixels == nullptr)
      throw std::runtime_error("libpng refuses an image that weir accepts");
    truths.emplace_back(pixels, pixels + s.bytes());
  }
  return truths;
}

} // namespace

std::vector<result> measure(const std::vector<sample>& samples, const std::vector<decoder>& decoders,
                            const measure_options& options) {
  std::size_t largest = 0;
  double megabytes = 0;
  for (const sample& s : samples) {
    largest = std::max(largest, s.bytes());
    megabytes += static_cast<double>(s.bytes()) * 1e-6;
  }
  std::vector<std::byte> into(largest);
  std::vector<result> results(decoders.size());
  std::vector<int> times(decoders.size(), 1);
  const auto truths = true_pixels(samples);
  for (std::size_t i = 0; i < decoders.size(); ++i) {
    results[i].decoder = decoders[i].name;
    look_at(decoders[i], samples, truths, into, results[i]);
    if (results[i].unable.empty()) {
      const double once = std::max(seconds_of(decoders[i], samples, into, 1), 1e-6);
      times[i] = std::max(1, static_cast<int>(std::ceil(options.least_seconds / once)));
    }
  }
  for (int round = 0; round < options.rounds; ++round)
    for (std::size_t turn = 0; turn < decoders.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % decoders.size();
      if (results[i].unable.empty())
        results[i].megabytes.push_back(megabytes * times[i] / seconds_of(decoders[i], samples, into, times[i]));
    }
  return results;
}

} // namespace bench
