// Compares the decoders with each other, on files that it makes and on files that it is given (see comparer.hpp for what has to
// agree). Exit code 0 if all agree.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cases.hpp"
#include "cli/grammar.hpp"
#include "cli/inputs.hpp"
#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "cli/sizes_and_times.hpp"

namespace {

using namespace weir::conformance;
using steady = std::chrono::steady_clock;

constexpr const char* about =
    "Decodes PNG files in every way that weir has, and with libpng in a program that knows nothing of weir, and says\n"
    "whether all agree: verdict, pixels, warning, and of a failure its stage, message and offset. Without PATHs the files\n"
    "are made up, valid and broken ones; with PATHs they are read, and broken in many ways.";

constexpr const char* notes =
    R"(The same seed makes the same cases. The file of a disagreement is saved as disagreement-N.png, to be given as PATH.

Exit codes:
  0  all agree (also when Ctrl-C ended the run early)
  1  a disagreement
  2  bad usage, or a file that can't be read or written

Examples:
  tools/compare_decoders                             some 200,000 comparisons
  tools/compare_decoders --seconds 3600 --seed 7     for an hour, cases of one's own
  tools/compare_decoders /usr/share/icons            all PNG files there, and mutations of each
  tools/compare_decoders --debian                    the PNG files of some Debian packages, which it installs)";

struct options {
  std::vector<std::string> paths;
  std::uint64_t seconds = 0; // 0: until the cases are through
  std::uint64_t cases = 0;   // 0: the default, or as many as the seconds allow
  std::uint64_t seed = 1;
  std::uint32_t jobs = cli::cores_available();
  std::uint32_t mutants = 20;
  std::uint64_t sample = 0; // 0: all
  std::string save = ".";
};

cli::command_line<options> parse(int argc, char** argv) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  options into;
  cli::grammar line("compare_decoders", about, notes, "of weir");
  line.paths(into.paths, "a PNG file; a directory (searched for *.png); @FILE, a list; - for a list on stdin", false);
  line.number("--seconds", into.seconds, std::uint64_t{1}, most, "N", "go on for so long");
  line.number("--cases", into.cases, std::uint64_t{1}, most, "N", "so many cases, of some 10 comparisons each (20000)");
  line.number("--seed", into.seed, std::uint64_t{0}, most, "N", "which cases (1)");
  line.number("--mutants", into.mutants, 0U, 1'000'000U, "N", "with PATHs: mutations of each file (20)");
  line.number("--sample", into.sample, std::uint64_t{1}, most, "N", "with PATHs: so many of the files, evenly chosen (all)");
  line.number("--jobs", into.jobs, 1U, 1024U, "N", "threads (cores available)");
  line.value("--save", "DIR", "where files of disagreements go (.)", [&into](const std::string& text) { into.save = text; });
  return line.parse(argc, argv, into);
}

bytes read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  bytes file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) {
    throw std::runtime_error("can't read " + path);
  }
  return file;
}

// Cases are handed out by number to threads, until there are no more, or time or patience is over, or some have failed.
class comparison {
public:
  comparison(const options& asked, const cli::signals& taken) : asked_(asked), taken_(&taken) {
    const cli::input_list found = cli::expand(asked.paths, {});
    const std::uint64_t files = found.paths.size();
    const std::uint64_t taken_files = asked.sample == 0 ? files : std::min(asked.sample, files);
    for (std::uint64_t i = 0; i < taken_files; ++i) {
      paths_.push_back(found.paths.at(i * files / taken_files));
    }
    total_ = !asked.paths.empty() ? paths_.size() : asked.cases != 0 ? asked.cases : asked.seconds != 0 ? most : 20'000;
    if (asked.seconds != 0) {
      end_ = steady::now() + std::chrono::seconds(asked.seconds);
    }
  }

  void run() {
    cli::extent of{.unit = "cases"};
    if (asked_.seconds != 0) {
      of.seconds = static_cast<double>(asked_.seconds);
    } else {
      of.total = total_;
    }
    cli::progress_bar bar(cli::progress_choice::automatic, of);
    {
      std::vector<std::jthread> threads;
      for (std::uint32_t i = 0; i < asked_.jobs; ++i) {
        threads.emplace_back([this] { work(); });
      }
      while (running_.load() < asked_.jobs || busy_.load() > 0) {
        bar.update(done_.load());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    bar.finish();
  }

  // Prints what came of it; the exit code.
  int report() const {
    for (const std::string& problem : problems_) {
      std::fprintf(stderr, "%s\n", problem.c_str());
    }
    std::printf(
        "%llu cases of seed %llu, %llu comparisons: %llu of images, %llu of these claimed by the fast decoder; %llu skipped\n",
        n(done_.load()), n(asked_.seed), n(counts_.comparisons), n(counts_.images), n(counts_.claimed), n(counts_.skipped));
    std::printf("%llu passed, %llu failed\n", n(done_.load() - failed_), n(failed_));
    return unreadable_ ? 2 : failed_ > 0 ? 1 : 0;
  }

private:
  static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint64_t enough = 10; // disagreements
  static unsigned long long n(std::uint64_t v) { return v; }

  bool over() const { return taken_->received() != 0 || gave_up_.load() || (end_ && steady::now() >= *end_); }

  void work() {
    ++busy_;
    ++running_;
    comparer c;
    for (std::uint64_t number = next_++; number < total_ && !over(); number = next_++) {
      try {
        if (auto found = paths_.empty() ? run_case(asked_.seed, number, c)
                                        : compare_file(read(paths_.at(number)), asked_.seed, asked_.mutants, c)) {
          record(*found, number);
        }
        ++done_;
      } catch (const std::exception& problem) {
        const std::lock_guard hold(lock_);
        problems_.push_back(problem.what());
        unreadable_ = true;
      }
    }
    const std::lock_guard hold(lock_);
    counts_ += c.so_far();
    --busy_;
  }

  void record(const disagreement& found, std::uint64_t number) {
    const std::lock_guard hold(lock_);
    const std::string path =
        (std::filesystem::path(asked_.save) / ("disagreement-" + std::to_string(number) + ".png")).string();
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(found.file.data()), static_cast<std::streamsize>(found.file.size()));
    problems_.push_back(path + (out.flush() ? "" : " (could not be written)") + ": " +
                        (paths_.empty() ? "case " + std::to_string(number) : paths_.at(number)) + "\n  " + text(found.how) +
                        "\n  " + found.what);
    gave_up_ = ++failed_ >= enough;
  }

  options asked_;
  const cli::signals* taken_;
  std::vector<std::string> paths_;
  std::uint64_t total_ = 0;
  std::optional<steady::time_point> end_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint32_t> running_{0};
  std::atomic<std::uint32_t> busy_{0};
  std::atomic<bool> gave_up_{false};
  std::mutex lock_; // of what follows
  counts counts_;
  std::uint64_t failed_ = 0;
  bool unreadable_ = false;
  std::vector<std::string> problems_;
};

} // namespace

int main(int argc, char** argv) {
  const auto line = parse(argc, argv);
  if (!line.parsed) {
    std::fputs(line.text.c_str(), line.exit_code == 0 ? stdout : stderr);
    return line.exit_code;
  }
  try {
    const cli::signals taken;
    comparison all(*line.parsed, taken);
    all.run();
    return all.report();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "compare_decoders: %s\n", problem.what());
    return 2;
  }
}
