#include "explorer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan.hpp"
#include "run.hpp"
#include "stage_set.hpp"

namespace weir::explore {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int most_processes = 64;
constexpr int exit_violated = 3;
constexpr std::uint64_t a_look = 60; // runs of each pipeline, before they are gone into
constexpr auto hangs_after = 60s;    // a run takes some tenths of a millisecond

/// What a process that explores is doing. It may die at any time: then this says in what.
struct place {
  schedule now;
  std::atomic<std::uint64_t> runs;
  std::array<char, 8000> message;
};

/// Between the processes.
struct shared {
  std::atomic<std::uint64_t> next_unit;
  std::atomic<std::uint64_t> ran;
  std::atomic<bool> over;
  std::array<std::atomic<std::uint64_t>, 3> endings;
  std::array<place, most_processes> places;
};

class shared_memory {
public:
  shared_memory() {
    void* const p = mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
      throw std::system_error(errno, std::system_category(), "mmap");
    }
    content = new (p) shared{};
  }
  shared_memory(const shared_memory&) = delete;
  shared_memory& operator=(const shared_memory&) = delete;
  ~shared_memory() { munmap(content, sizeof(shared)); }
  shared* content;
};

/// In a process of its own.
class walker {
public:
  walker(const exploration& e, shared& s, place& mine) : exploration_(e), shared_(s), mine_(mine) {}

  void run_alone(const schedule& s) { (void)run_one(s); }

  void walk() {
    const std::uint64_t pipelines = exploration_.pipeline ? 1 : all_scenarios().size();
    const std::uint64_t share = std::max<std::uint64_t>(exploration_.schedules / pipelines, a_look);
    while (!over()) {
      const std::uint64_t unit = shared_.next_unit.fetch_add(1);
      schedule base;
      base.pipeline = exploration_.pipeline.value_or(static_cast<std::uint32_t>(unit % pipelines));
      base.seed = exploration_.seed + unit / pipelines;
      const plan all(base, run_one(base));
      const std::uint64_t count = std::min(all.size(), unit < pipelines ? a_look : share);
      for (std::uint64_t i = 0; i < count && !over(); ++i) { // where it is a part of them: from all over
        (void)run_one(all.at((i * all.size() + base.seed * 7919) / count % all.size()));
      }
    }
  }

private:
  [[nodiscard]] bool over() const noexcept { return shared_.over.load() || shared_.ran.load() >= exploration_.schedules; }
  counts run_one(const schedule& s) {
    mine_.now = s;
    const counts c = run(s, violated_);
    mine_.runs.fetch_add(1);
    shared_.ran.fetch_add(1);
    shared_.endings[static_cast<std::size_t>(c.how)].fetch_add(1);
    return c;
  }
  const exploration& exploration_;
  shared& shared_;
  place& mine_;
  std::function<void(const std::string&)> violated_ = [this](const std::string& what) {
    std::strncpy(mine_.message.data(), what.c_str(), mine_.message.size() - 1);
    _exit(exit_violated);
  };
};

struct process {
  pid_t id = 0;
  int errors = -1; // what it wrote to stderr: assertions, sanitizers
  std::uint64_t runs = 0;
  clock::time_point last_run{};
};

/// `what` in a process of its own.
template<class F> process start(F what) {
  process p;
  p.errors = memfd_create("stderr", MFD_CLOEXEC);
  p.last_run = clock::now();
  p.id = fork();
  if (p.id < 0) {
    throw std::system_error(errno, std::system_category(), "fork");
  }
  if (p.id == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (const int fault : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      signal(fault, SIG_DFL); // a test framework's handlers are not for this process
    }
    dup2(p.errors, STDERR_FILENO);
    what();
    _exit(0);
  }
  return p;
}

std::string first_lines(int file) {
  std::string text(1500, '\0');
  const ssize_t n = pread(file, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

/// Why it ended, if not as it should.
std::optional<std::string> what_happened(int status, const process& p, const place& at) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return std::nullopt;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_violated) {
    return std::string(at.message.data());
  }
  std::string text = WIFSIGNALED(status) ? std::string("it crashed: ") + strsignal(WTERMSIG(status)) : "it ended the process";
  if (const std::string said = first_lines(p.errors); !said.empty()) {
    text += "\n" + said;
  }
  return text;
}

int cores() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

} // namespace

std::optional<std::string> run_apart(const schedule& s) {
  const shared_memory memory;
  place& mine = memory.content->places[0];
  const exploration one;
  const process p = start([&] { walker(one, *memory.content, mine).run_alone(s); });
  int status = 0;
  while (waitpid(p.id, &status, 0) != p.id) {
  }
  std::optional<std::string> bad = what_happened(status, p, mine);
  close(p.errors);
  return bad;
}

findings explore(const exploration& e) {
  const shared_memory memory;
  shared& s = *memory.content;
  const int count = std::clamp(e.processes > 0 ? e.processes : cores(), 1, most_processes);
  const auto begun = clock::now();
  std::vector<process> running;
  for (int i = 0; i < count; ++i) {
    place& mine = s.places[static_cast<std::size_t>(i)];
    running.push_back(start([&] { walker(e, s, mine).walk(); }));
  }
  findings found;
  for (bool any = true; any;) {
    any = false;
    for (std::size_t i = 0; i < running.size(); ++i) {
      process& p = running[i];
      if (p.id == 0) {
        continue;
      }
      any = true;
      place& at = s.places[i];
      int status = 0;
      if (waitpid(p.id, &status, WNOHANG) == p.id) {
        p.id = 0;
        std::optional<std::string> bad = what_happened(status, p, at);
        if (bad && !found.first) {
          found.first = violation{at.now, *bad};
        }
        s.over = s.over || bad.has_value();
        close(p.errors);
      } else if (const std::uint64_t runs = at.runs.load(); runs != p.runs) {
        p.runs = runs;
        p.last_run = clock::now();
      } else if (clock::now() - p.last_run > hangs_after) {
        found.first = found.first ? found.first : violation{at.now, "it hangs"};
        s.over = true;
        kill(p.id, SIGKILL);
      }
    }
    if (e.progress) {
      e.progress(std::min(s.ran.load(), e.schedules));
    }
    std::this_thread::sleep_for(10ms);
  }
  found.schedules = s.ran.load();
  for (std::size_t i = 0; i < found.endings.size(); ++i) {
    found.endings[i] = s.endings[i].load();
  }
  found.seconds = std::chrono::duration<double>(clock::now() - begun).count();
  return found;
}

} // namespace weir::explore
