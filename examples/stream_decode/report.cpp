#include "report.hpp"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/readable.hpp"

namespace stream_decode {

using cli::percentiles;
using cli::printable;
using cli::readable_bytes;
using cli::readable_time;

namespace {

using json = nlohmann::ordered_json;

const char* name_of(run_outcome outcome) noexcept {
  switch (outcome) {
  case run_outcome::done: return "done";
  case run_outcome::failed: return "failed";
  case run_outcome::stopped: return "stopped";
  }
  return "failed";
}

json json_of(const std::optional<percentiles>& from) {
  if (!from)
    return nullptr;
  return {{"p50", from->p50}, {"p99", from->p99}, {"max", from->max}};
}

json json_of(const std::optional<run_failure>& from) {
  if (!from)
    return nullptr;
  return {{"origin", from->origin}, {"stage", from->stage}, {"message", from->message}};
}

json json_of(const std::optional<std::string>& from) { return from ? json(*from) : json(nullptr); }

std::string readable(const std::optional<percentiles>& from) {
  if (!from)
    return "none";
  return fmt::format("{} / {} / {}", readable_time(from->p50), readable_time(from->p99), readable_time(from->max));
}

std::string outcome_line(const report& from) {
  std::string line = fmt::format("{}: {} images in {} batches, {} errors, {:.3f} s", name_of(from.outcome), from.images,
                                 from.batches, from.errors, from.seconds);
  if (from.images > 0)
    line += fmt::format(": {:.0f} images/s", from.images_per_second());
  if (from.error)
    line += fmt::format("\n  {}: {}: {}", printable(from.error->origin), from.error->stage, printable(from.error->message));
  return line + '\n';
}

bool anything_left(const report::what_is_left& audit) noexcept {
  return (audit.frames | audit.leases | audit.operations | audit.jobs | audit.held_by_user) != 0;
}

} // namespace

std::string to_json(const report& from) {
  const json object = {
      {"outcome", name_of(from.outcome)},
      {"error", json_of(from.error)},
      {"images", from.images},
      {"errors", from.errors},
      {"batches", from.batches},
      {"bytes_read", from.bytes_read},
      {"bytes_decoded", from.bytes_decoded},
      {"seconds", from.seconds},
      {"images_per_second", from.images_per_second()},
      {"loop", from.loop},
      {"engine", from.engine},
      {"workers", from.workers},
      {"pool", {{"budget", from.pool.budget}, {"high_water", from.pool.high_water}}},
      {"latency_us",
       {{"read", json_of(from.latency_us.read)},
        {"decode", json_of(from.latency_us.decode)},
        {"batch", json_of(from.latency_us.batch)}}},
      {"copies", from.copies},
      {"teardown", {{"microseconds", from.teardown.microseconds}, {"waited_for", json_of(from.teardown.waited_for)}}},
      {"audit",
       {{"frames", from.audit.frames},
        {"leases", from.audit.leases},
        {"operations", from.audit.operations},
        {"jobs", from.audit.jobs},
        {"held_by_user", from.audit.held_by_user}}},
  };
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_text(const report& from) {
  std::string text = outcome_line(from);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "  read {}, decoded {}, with {} {}, the {} engine and the {} loop\n", readable_bytes(from.bytes_read),
                 readable_bytes(from.bytes_decoded), from.workers, from.workers == 1 ? "worker" : "workers", from.engine,
                 from.loop);
  fmt::format_to(out, "  memory {} at most, of {}; {} copies\n", readable_bytes(from.pool.high_water),
                 readable_bytes(from.pool.budget), from.copies);
  fmt::format_to(out, "  half / 99 % / all within: read {}; decode {}; batch {}\n", readable(from.latency_us.read),
                 readable(from.latency_us.decode), readable(from.latency_us.batch));
  fmt::format_to(out, "  torn down in {}", readable_time(from.teardown.microseconds));
  if (from.teardown.waited_for)
    fmt::format_to(out, ", waiting for {}", printable(*from.teardown.waited_for));
  if (anything_left(from.audit))
    fmt::format_to(out, "; LEFT: {} frames, {} leases, {} operations, {} jobs, {} held by the user\n", from.audit.frames,
                   from.audit.leases, from.audit.operations, from.audit.jobs, from.audit.held_by_user);
  else
    text += "; nothing left\n";
  return text;
}

} // namespace stream_decode
