// cancel_stress: what the library promises of a stop, tried on your machine and your files. A seed decides a run (plan.hpp),
// life.cpp runs and ends it, witness.cpp looks at what comes out, contract.cpp at what is left.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "cli/inputs.hpp"
#include "cli/output.hpp"
#include "cli/readable.hpp"
#include "cli/signals.hpp"
#include "cli/standard_descriptors.hpp"
#include "last_words.hpp"
#include "life.hpp"
#include "options.hpp"
#include "tally.hpp"

namespace {

using namespace cancel_stress;
using clock = std::chrono::steady_clock;

int complain(int code, const std::string& text) {
  (void)cli::print(stderr, "cancel_stress: " + text + "\n");
  return code;
}

/// For results: a stdout that doesn't take them makes a failed run.
int say(const std::string& text, int code) {
  return cli::print(stdout, text) ? code : complain(1, "stdout: " + std::system_category().message(errno));
}

bool works_here(cli::engine_choice engine) {
  try {
    const weir::runtime rt{{.workers = 1, .engine = cli::engine_of(engine)}};
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::vector<place> places_of(const options& asked) {
  std::vector<place> places;
  for (const cli::engine_choice e : {cli::engine_choice::automatic, cli::engine_choice::uring, cli::engine_choice::blocking}) {
    // By turns, automatic would be one of the others again.
    const bool wanted = asked.engine ? *asked.engine == e : e != cli::engine_choice::automatic;
    if (!wanted || !works_here(e)) {
      continue;
    }
    for (const cli::loop_choice l : {cli::loop_choice::own, cli::loop_choice::uv}) {
      if (!asked.loop || *asked.loop == l) {
        places.push_back({l, e});
      }
    }
  }
  return places;
}

/// The command line of one run.
std::string repeating(const options& asked, std::uint64_t seed) {
  std::string line = fmt::format("cancel_stress --runs 1 --seed {}", seed);
  if (asked.loop) {
    line += fmt::format(" --loop {}", name_of(*asked.loop));
  }
  if (asked.engine) {
    line += fmt::format(" --engine {}", name_of(*asked.engine));
  }
  for (const std::string& path : asked.paths) {
    line += ' ' + cli::quoted(path);
  }
  const bool from_stdin = std::find(asked.paths.begin(), asked.paths.end(), "-") != asked.paths.end();
  return line + (from_stdin ? " # with the same list on stdin\n" : "\n");
}

class program {
public:
  program(const options& asked, cli::signals& taken) : asked_(asked), taken_(taken), words_(std::chrono::minutes(2)) {}

  int run(const known_images& known, const std::vector<place>& places) {
    const std::uint64_t first = asked_.seed ? *asked_.seed : std::random_device{}();
    warm_up(known, places, first);
    start_ = clock::now();
    cli::progress_bar bar(asked_.progress, asked_.runs ? cli::extent{.total = asked_.runs, .unit = "runs"}
                                                       : cli::extent{.seconds = asked_.seconds, .unit = "runs"});
    for (std::uint64_t seed = first; !over(); ++seed) {
      const plan p = plan_of(seed, known, places);
      words_.run_begins(describe(p) + repeating(asked_, seed));
      const verdict v = live(p, known, before_);
      words_.run_ended();
      if (!v.violations.empty()) {
        bar.finish();
        return say_violations(p, v);
      }
      counts_.add(p, v);
      bar.update(counts_.runs());
    }
    bar.finish();
    return say_all_is_well(first, known);
  }

private:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

  [[nodiscard]] bool over() const {
    return taken_.received() != 0 || (asked_.runs ? counts_.runs() >= *asked_.runs : seconds() >= asked_.seconds);
  }

  /// libuv's threads, and what else is made once and stays, are there from then on.
  void warm_up(const known_images& known, const std::vector<place>& places, std::uint64_t seed) {
    std::vector<place> all = places;
    for (const place& where : places) {
      all.push_back({where.loop, cli::engine_choice::blocking}); // what an automatic one may come to, any time
    }
    for (const place& where : all) {
      words_.run_begins("while it warmed up\n");
      plan p = plan_of(seed, known, {where});
      p.how = end_kind::stop_from_thread;
      p.after = std::chrono::milliseconds(20); // long enough for a file to be read
      (void)live(p, known, belongings_now());
      words_.run_ended();
    }
    before_ = belongings_now();
  }

  [[nodiscard]] int say_violations(const plan& p, const verdict& v) const {
    std::string text;
    for (const std::string& what : v.violations) {
      text += "cancel_stress: VIOLATION: " + what + "\n";
    }
    text += describe(p);
    text += "to repeat it (as far as threads can be made to repeat anything):\n" + repeating(asked_, p.seed);
    (void)cli::print(stderr, text);
    return 1;
  }

  [[nodiscard]] int say_all_is_well(std::uint64_t first, const known_images& known) const {
    const int code = taken_.received() != 0 ? 128 + taken_.received() : 0;
    if (asked_.json) {
      return say(counts_.to_json(first, seconds()) + "\n", code);
    }
    return say(fmt::format("no violation in {} runs, seeds from {}, in {:.1f} s over {} files, {} of them good\n{}",
                           counts_.runs(), first, seconds(), known.files().size(), known.good(), counts_.to_text()),
               code);
  }

  const options& asked_;
  cli::signals& taken_;
  last_words words_;
  belongings before_;
  clock::time_point start_{};
  tally counts_;
};

int run(const options& asked) {
  cli::signals taken;
  const cli::input_list inputs = cli::expand(asked.paths, {.stop = &taken});
  const weir::stop_handle stop;
  taken.call([](void* h) noexcept { static_cast<const weir::stop_handle*>(h)->request_stop(); },
             const_cast<weir::stop_handle*>(&stop));
  if (inputs.paths.empty()) {
    return complain(2, "no files there");
  }
  const std::vector<place> places = places_of(asked);
  if (places.empty()) {
    return complain(2, fmt::format("the {} engine can't be used here", name_of(asked.engine.value())));
  }
  const known_images known(inputs.paths, stop);
  taken.call_nothing();
  if (taken.received() != 0) {
    return 128 + taken.received();
  }
  return program(asked, taken).run(known, places);
}

} // namespace

int main(int argc, char** argv) {
  cli::hold_standard_descriptors();
  const auto line = parse_command_line(argc, argv);
  if (!line.parsed && line.exit_code == 0) {
    return say(line.text, 0);
  }
  if (!line.parsed) {
    (void)cli::print(stderr, line.text);
    return line.exit_code;
  }
  try {
    return run(*line.parsed);
  } catch (const cli::list_error& problem) {
    return complain(2, problem.what());
  } catch (const std::exception& problem) {
    return complain(1, problem.what());
  }
}
