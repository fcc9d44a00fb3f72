// stream_decode: the library at work. Parses the command line, finds the inputs, runs the pipeline (pipeline.cpp, the part to
// read), and says what came of it.
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string_view>
#include <system_error>

#include "block_writer.hpp"
#include "cli/inputs.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "cli/standard_descriptors.hpp"
#include "list_line.hpp"
#include "options.hpp"
#include "output_error.hpp"
#include "pipeline_api.hpp"
#include "report.hpp"

namespace {

using namespace stream_decode;
using cli::patience;
using cli::progress_bar;
using cli::signals;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

void complain(std::string_view text) { (void)cli::print(stderr, "stream_decode: " + std::string(text) + "\n"); }

std::optional<std::uint64_t> images_to_come(const options& asked, std::size_t inputs) {
  std::uint64_t total = 0;
  if (asked.repeat == 0 || __builtin_mul_overflow(asked.repeat, std::uint64_t{inputs}, &total))
    return std::nullopt;
  return total;
}

hooks listeners(const options& asked, block_writer& out, progress_bar& bar) {
  hooks tell;
  tell.on_progress = [&bar](std::uint64_t done) { bar.update(done); };
  if (!asked.list)
    return tell;
  tell.on_image = [&out](std::uint64_t index, const std::string& path, const weir::shape& shape, std::uint32_t crc32) {
    out.write(list_line(index, path, shape, crc32));
  };
  tell.on_error = [&out](std::uint64_t index, const std::string& path, weir::stage where, std::string_view message) {
    out.write(list_error_line(index, path, where, message));
  };
  return tell;
}

int exit_code_of(const report& result, const signals& taken) {
  constexpr int by_deadline = 124;
  constexpr int by_signal = 128;
  switch (result.outcome) {
  case run_outcome::done: return 0;
  case run_outcome::failed: return exit_failed;
  case run_outcome::stopped: break;
  }
  return result.stopped_by_deadline || taken.received() == 0 ? by_deadline : by_signal + taken.received();
}

/// Writes what is left for stdout, and the report. A stdout that doesn't take it makes a failed run of any.
int print_results(const options& asked, report& result, const signals& taken, block_writer& out) {
  try {
    if (asked.json)
      out.write(to_json(result) + "\n");
    out.flush();
  } catch (const output_error& problem) {
    complain(problem.what());
    return exit_failed;
  }
  if (!asked.json)
    (void)cli::print(stderr, to_text(result));
  return exit_code_of(result, taken);
}

int run(const options& asked, std::chrono::steady_clock::time_point start) {
  signals taken;
  patience limit{.stop = &taken};
  if (asked.cancel_after)
    limit.deadline = start + *asked.cancel_after;
  cli::input_list inputs = cli::expand(asked.paths, limit);

  block_writer out(1, &taken);
  progress_bar bar(asked.progress, {.total = images_to_come(asked, inputs.paths.size())});
  report result = run_pipeline(asked, std::move(inputs.paths), listeners(asked, out, bar), limit);
  bar.finish();
  if (!inputs.complete && result.outcome == run_outcome::done) {
    result.outcome = run_outcome::stopped; // before all inputs were found, so that it can't have been the end
    result.stopped_by_deadline = taken.received() == 0;
  }
  return print_results(asked, result, taken, out);
}

} // namespace

int main(int argc, char** argv) {
  cli::hold_standard_descriptors();
  const auto start = std::chrono::steady_clock::now();
  const auto line = parse_command_line(argc, argv);
  if (!line.parsed) {
    if (!cli::print(line.exit_code == 0 ? stdout : stderr, line.text) && line.exit_code == 0) {
      complain("stdout: " + std::system_category().message(errno));
      return exit_failed;
    }
    return line.exit_code;
  }
  try {
    return run(*line.parsed, start);
  } catch (const cli::list_error& problem) {
    complain(problem.what());
  } catch (const configuration_error& problem) {
    complain(problem.what());
  } catch (const std::exception& problem) {
    complain(problem.what());
    return exit_failed;
  }
  return exit_usage;
}
