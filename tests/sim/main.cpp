// tools/explore: runs pipelines in a simulated world on schedule after schedule, and checks the teardown contract after each.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "explorer.hpp"
#include "plants.hpp"
#include "run.hpp"
#include "stage_set.hpp"

namespace {

using namespace weir::explore;

constexpr const char* about =
    "Runs pipelines in a simulated world (virtual time, a simulated disk, simulated workers that really decode) on one "
    "schedule\n"
    "after another: with a stop at every step, with everything failing that can fail, and with both. After each run the whole\n"
    "teardown contract is checked. The first run that breaks it ends the search, and the command that repeats it is printed.\n"
    "With --stop-at or --fail, one run only: that of --pipeline and --seed.";
constexpr const char* exit_codes =
    "Exit codes: 0 no run broke the contract; 1 one did (or crashed, or hung), see the line that starts with 'reproduce:';\n"
    "2 bad usage.";

void show_progress(std::uint64_t ran, std::uint64_t of) {
  const int percent = of != 0 ? static_cast<int>(ran * 100 / of) : 100;
  fmt::print(stderr, "\r[{:<40}] {:>3} % {} of {} schedules", std::string(static_cast<std::size_t>(percent) * 40 / 100, '#'),
             percent, ran, of);
  std::fflush(stderr);
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      json += c;
    }
  }
  return json + '"';
}

int run_single(const schedule& s, const std::string& planted, bool log) {
  const auto violated = [&](const std::string& what) {
    fmt::print("violation: {}\nreproduce: {}\n", what, command_for(s, planted));
    std::fflush(stdout);
    _exit(1);
  };
  const counts c = run(s, violated, log);
  constexpr const char* names[] = {"done", "failed", "stopped"};
  fmt::print("{}{}: {} points, {} opens, {} reads, {} jobs, {} allocations; log {:016x}\n", c.log,
             names[static_cast<int>(c.how)], c.points, c.opens, c.reads, c.jobs, c.allocations, c.log_hash);
  return 0;
}

void report(const findings& f, const std::string& planted, bool json) {
  if (json) {
    std::string text =
        fmt::format(R"({{"schedules": {}, "done": {}, "failed": {}, "stopped": {}, "seconds": {:.3f}, "violations": {})",
                    f.schedules, f.endings[0], f.endings[1], f.endings[2], f.seconds, f.first ? 1 : 0);
    if (f.first) {
      text += fmt::format(R"(, "violation": {}, "reproduce": {})", quoted(f.first->what),
                          quoted(command_for(f.first->where, planted)));
    }
    fmt::print("{}}}\n", text);
    return;
  }
  fmt::print("{} schedules of {} pipelines in {:.1f} s ({:.0f} a second): {} done, {} failed, {} stopped\n", f.schedules,
             all_scenarios().size(), f.seconds, static_cast<double>(f.schedules) / f.seconds, f.endings[0], f.endings[1],
             f.endings[2]);
  if (f.first) {
    fmt::print("violation: {}\nreproduce: {}\n", f.first->what, command_for(f.first->where, planted));
  } else {
    fmt::print("no violation\n");
  }
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{about};
  app.footer(exit_codes);
  exploration e;
  schedule single;
  std::string failing;
  std::string planted;
  bool json = false;
  bool list = false;
  bool log = false;
  app.add_option("--schedules", e.schedules, "How many runs")->capture_default_str();
  app.add_option("--seed", e.seed, "Times, and the order of completions, follow from it")->capture_default_str();
  auto* const pipeline = app.add_option("--pipeline", single.pipeline, "Only this one (see --list)");
  auto* const stop_at = app.add_option("--stop-at", single.stop_at, "One run, with a stop at this point; 0: without");
  auto* const fail =
      app.add_option("--fail", failing,
                     "One run, with a failure: open:K:ERRNO, read:K:ERRNO, submit:K, allocation:K, memory:K, job:K, thread:K");
  app.add_option("--plant", planted, "With a mistake planted in the library (see --list)");
  app.add_option("--jobs", e.processes, "Processes; 0: one for each core")->capture_default_str();
  app.add_flag("--json", json, "The result as JSON");
  app.add_flag("--log", log, "With a single run: its log");
  app.add_flag("--list", list, "Lists the pipelines and the mistakes that can be planted");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& bad) {
    app.exit(bad);
    return 2;
  }
  if (list) {
    for (std::size_t i = 0; i < all_scenarios().size(); ++i) {
      fmt::print("{:>3}  {}\n", i, all_scenarios()[i].name);
    }
    for (const plant& p : plants) {
      fmt::print("{:>17}  {}\n", p.name, p.sentence);
    }
    return 0;
  }
  const plant* const bug = find_plant(planted);
  if ((!planted.empty() && bug == nullptr) || single.pipeline >= all_scenarios().size() || e.schedules == 0 ||
      (!failing.empty() && !parse_fault(failing, single))) {
    fmt::print(stderr,
               "explore: --plant and --pipeline name what --list shows; --schedules is 1 or more; --fail is as --help says\n");
    return 2;
  }
  if (bug != nullptr) {
    weir::detail::explore::planted = bug->what;
  }
  if (*stop_at || *fail) {
    if (!*pipeline) {
      fmt::print(stderr, "explore: a single run needs --pipeline\n");
      return 2;
    }
    single.seed = e.seed;
    return run_single(single, planted, log);
  }
  if (*pipeline) {
    e.pipeline = single.pipeline;
  }
  const bool terminal = isatty(STDERR_FILENO) == 1;
  if (terminal && !json) {
    e.progress = [&](std::uint64_t ran) { show_progress(ran, e.schedules); };
  }
  const findings f = explore(e);
  if (e.progress) {
    fmt::print(stderr, "\r\033[K");
  }
  report(f, planted, json);
  return f.first ? 1 : 0;
}
