#include "options.hpp"

#include <limits>

#include "cli/version.hpp"

namespace cancel_stress {

namespace {

constexpr const char* about =
    "Starts pipelines over the paths, each of another shape, stops them at random moments in random ways, and\n"
    "checks each time that nothing of them is left and nothing wrong came out: what the library promises of a\n"
    "stop, on your machine and your files.";

constexpr const char* notes =
    R"(Each run has a seed that decides everything but the moments at which threads happen to run: files, stages, order, error
policy, shapes, memory, and how and when it ends: by a stop from another thread, from inside or before the start; a
deadline; an error in a stage or in the consumer; a consumer that breaks off; a runtime that is destroyed after a stop.
After each it is checked:
  - that it ended as it may: stopped only if asked to, done only if everything was delivered or the consumer broke off,
    failed only with an error that was to be expected; that every batch was whole
  - that every pixel that was delivered is the one that an undisturbed run gives (a table of checksums, made at the
    start: so don't change the files meanwhile)
  - that audit() is all zeros, the budget was kept, and the memory of every batch came back
  - that the process has the threads and descriptors that it had before, and a host's libuv loop no handle
A run that hasn't ended after two minutes is a violation, too. Files that nobody can read (a FIFO without a writer, a
corrupt or dangling one) are welcome.

The table at the end has a line for each way to end: how many runs, how they ended, and how long it took from the stop
(or the error, or the break) until nothing was left; then a histogram of all of that, and what was waited for.

Exit codes:
  0    no violation
  1    a violation; the last line is the command that repeats the run
  2    bad usage or configuration
  130  ended by SIGINT (143: SIGTERM), without a violation so far

Examples:
  cancel_stress photos/                                     ten seconds, every loop and engine
  cancel_stress --seconds 60 --loop uv --engine uring d     a minute of one combination
  cancel_stress --runs 1 --seed 4711 d                      one run again)";

} // namespace

const char* name_of(cli::loop_choice l) noexcept { return l == cli::loop_choice::own ? "own" : "uv"; }

const char* name_of(cli::engine_choice e) noexcept {
  switch (e) {
  case cli::engine_choice::uring: return "uring";
  case cli::engine_choice::blocking: return "blocking";
  case cli::engine_choice::automatic: break;
  }
  return "auto";
}

cli::command_line<options> parse_command_line(int argc, const char* const* argv) {
  using cli::whole_number;
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  options into;
  cli::grammar line("cancel_stress", about, notes, cli::version);
  line.paths(into.paths, "a PNG file; a directory (searched recursively for *.png in any case); @FILE, a list\n"
                         "of paths, one a line; - for a list on stdin");
  line.value("--seconds", "N", "for how long (10)", [&into](const std::string& text) {
    into.seconds = whole_number<std::uint32_t>(text, 1, 100'000'000);
    into.runs.reset();
  });
  line.value("--runs", "N", "how many runs, instead",
             [&into](const std::string& text) { into.runs = whole_number<std::uint64_t>(text, 1, most); });
  line.value("--seed", "S", "of the first run; the next ones count on (default: another one each time)",
             [&into](const std::string& text) { into.seed = whole_number<std::uint64_t>(text, 0, most); });
  line.choice<std::optional<cli::loop_choice>>(
      "--loop", into.loop, {{"own", cli::loop_choice::own}, {"uv", cli::loop_choice::uv}, {"all", std::nullopt}}, "L",
      "own, uv (on a host's libuv loop), or all, by turns (default)");
  line.choice<std::optional<cli::engine_choice>>("--engine", into.engine,
                                                 {{"auto", cli::engine_choice::automatic},
                                                  {"uring", cli::engine_choice::uring},
                                                  {"blocking", cli::engine_choice::blocking},
                                                  {"all", std::nullopt}},
                                                 "E",
                                                 "auto, uring, blocking, or all that the machine allows, by turns (default)");
  line.flag("--json", into.json, "the table as one JSON object on stdout; else for people");
  line.choice("--progress", into.progress,
              {{"auto", cli::progress_choice::automatic},
               {"always", cli::progress_choice::always},
               {"never", cli::progress_choice::never}},
              "P", "a bar on stderr: auto (default: on a terminal), always, never");
  return line.parse(argc, argv, into);
}

} // namespace cancel_stress
