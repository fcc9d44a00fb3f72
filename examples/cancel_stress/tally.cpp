#include "tally.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/readable.hpp"
#include "options.hpp"

namespace cancel_stress {

namespace {

using json = nlohmann::ordered_json;

constexpr std::array bin_names{"below 10 µs", "below 100 µs", "below 1 ms", "below 10 ms", "below 100 ms", "100 ms and more"};

/// fmt pads by characters where the terminal's width is meant: µ is one.
std::string line_of(std::string_view name, std::uint64_t runs, const std::array<std::uint64_t, 3>& ended,
                    const cli::latency_histogram& times) {
  std::string line = fmt::format("  {:26}{:8}{:8}{:8}{:8}", name, runs, ended[0], ended[1], ended[2]);
  if (const auto t = times.summary()) {
    for (const double us : {t->p50, t->p99, t->p999, t->max}) {
      line += fmt::format("{:>10}", cli::readable_time(us));
    }
  }
  return line + '\n';
}

json json_of(const cli::latency_histogram& times) {
  const auto t = times.summary();
  if (!t) {
    return nullptr;
  }
  return {{"count", times.count()}, {"p50", t->p50}, {"p99", t->p99}, {"p999", t->p999}, {"max", t->max}};
}

} // namespace

void tally::row::add(const verdict& v) {
  ++runs;
  ++ended[static_cast<std::size_t>(v.how)];
  if (v.quiescent_after) {
    times.record(*v.quiescent_after);
  }
}

void tally::add(const plan& p, const verdict& v) {
  kinds_[static_cast<std::size_t>(p.how)].add(v);
  all_.add(v);
  ++places_[fmt::format("{} + {}", name_of(p.where.loop), name_of(p.where.engine))];
  images_ += v.images;
  if (v.quiescent_after) {
    std::size_t bin = 0;
    for (auto limit = std::chrono::nanoseconds(10'000); bin + 1 < bins && *v.quiescent_after >= limit; limit *= 10) {
      ++bin;
    }
    ++times_in_[bin];
    ++waited_for_[v.waited_for.empty() ? "nothing" : v.waited_for];
  }
}

std::string tally::to_text() const {
  std::string text = "  until nothing is left:         runs    done  failed stopped      50 %      99 %    99.9 %       max\n";
  for (std::size_t k = 0; k < end_kinds; ++k) {
    text += line_of(name_of(static_cast<end_kind>(k)), kinds_[k].runs, kinds_[k].ended, kinds_[k].times);
  }
  text += line_of("all", all_.runs, all_.ended, all_.times);
  const std::uint64_t most = std::max<std::uint64_t>(1, *std::max_element(times_in_.begin(), times_in_.end()));
  auto out = std::back_inserter(text);
  for (std::size_t b = 0; b < bins; ++b) {
    fmt::format_to(out, "  {:16}{:8}  {}\n", bin_names[b], times_in_[b], std::string(times_in_[b] * 50 / most, '#'));
  }
  text += "  waited for: ";
  for (const auto& [what, times] : waited_for_) {
    fmt::format_to(out, "{}{} {}", what == waited_for_.begin()->first ? "" : ", ", what, times);
  }
  text += "\n  loop + engine: ";
  for (const auto& [where, times] : places_) {
    fmt::format_to(out, "{}{} {}", where == places_.begin()->first ? "" : ", ", where, times);
  }
  fmt::format_to(out, "\n  {} images were delivered, each looked at\n", images_);
  return text;
}

std::string tally::to_json(std::uint64_t first_seed, double seconds) const {
  json kinds = json::object();
  const auto row_of = [](const row& r) {
    return json{{"runs", r.runs},
                {"done", r.ended[0]},
                {"failed", r.ended[1]},
                {"stopped", r.ended[2]},
                {"quiescent_us", json_of(r.times)}};
  };
  for (std::size_t k = 0; k < end_kinds; ++k) {
    kinds[std::string(name_of(static_cast<end_kind>(k)))] = row_of(kinds_[k]);
  }
  json histogram = json::object();
  for (std::size_t b = 0; b < bins; ++b) {
    histogram[bin_names[b]] = times_in_[b];
  }
  const json object = {{"runs", all_.runs},         {"violations", 0},  {"first_seed", first_seed}, {"seconds", seconds},
                       {"images", images_},         {"kinds", kinds},   {"all", row_of(all_)},      {"histogram", histogram},
                       {"waited_for", waited_for_}, {"places", places_}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace cancel_stress
