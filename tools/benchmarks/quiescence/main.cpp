// How long it takes from a stop to quiescence, measured from inside: the part of tools/bench quiescence that has to be
// compiled.
//   quiescence SIDE WORK [--count N] [--threads N] [--stops N] [--after MS] [--cold] [--whole] [--seed N] @FILE
// SIDE: weir, jthreads, libuv. WORK: see contender.hpp. @FILE has one path a line. Starts the work, lets it go on for a random
// time up to MS, and stops it, N times. Prints one JSON object: the microseconds of each stop, from the call that asks for it,
// on another thread, to the return of what runs. Exit code 3: this side has no such thing.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "contender.hpp"

namespace quiescence {

namespace {

using clock = std::chrono::steady_clock;

struct arguments {
  std::string side;
  job asked;
  std::size_t stops = 200;
  std::chrono::milliseconds after{100};
  bool cold = false;
  unsigned seed = 1;
};

std::string contents(const std::string& path) {
  std::ifstream from(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

bool number(std::string_view text, std::size_t& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(int argc, char** argv, arguments& a) {
  const std::map<std::string_view, work> works{{"reads", work::reads},
                                               {"decodes", work::decodes},
                                               {"stream", work::stream},
                                               {"memory", work::memory},
                                               {"parked", work::parked}};
  if (argc < 3 || !works.contains(argv[2])) {
    return false;
  }
  a.side = argv[1];
  a.asked.what = works.at(argv[2]);
  for (int i = 3; i < argc; ++i) {
    const std::string_view name = argv[i];
    std::size_t value = 0;
    if (name.starts_with('@')) {
      std::ifstream list{std::string(name.substr(1))};
      for (std::string line; std::getline(list, line);) {
        a.asked.paths.push_back(line);
      }
    } else if (name == "--cold") {
      a.cold = true;
    } else if (name == "--whole") {
      a.asked.whole = true;
    } else if (i + 1 == argc || !number(argv[++i], value)) {
      return false;
    } else if (name == "--count") {
      a.asked.count = value;
    } else if (name == "--threads") {
      a.asked.threads = value;
    } else if (name == "--stops") {
      a.stops = value;
    } else if (name == "--after") {
      a.after = std::chrono::milliseconds(value);
    } else if (name == "--seed") {
      a.seed = static_cast<unsigned>(value);
    } else {
      return false;
    }
  }
  if (a.asked.paths.empty() && a.asked.what != work::parked) {
    return false;
  }
  if (a.asked.what == work::decodes || a.asked.what == work::memory) {
    for (const std::string& path : a.asked.paths) {
      a.asked.bodies.push_back(contents(path));
    }
  }
  return true;
}

void drop_from_cache(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

/// The thread that stops: some time after it has been told that all is in flight.
class stopper {
public:
  explicit stopper(contender& c) : thread_([this, &c](std::stop_token ended) { loop(c, ended); }) {}
  void begin(std::chrono::microseconds delay) {
    const std::lock_guard hold(lock_);
    delay_ = delay;
    told_ = true;
    changed_.notify_all();
  }
  /// Once the work has ended.
  [[nodiscard]] clock::time_point stopped_at() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return !told_; });
    return at_;
  }

private:
  void loop(contender& c, const std::stop_token& ended) {
    std::unique_lock hold(lock_);
    while (changed_.wait(hold, ended, [this] { return told_; })) {
      hold.unlock();
      std::this_thread::sleep_for(delay_);
      const clock::time_point at = clock::now();
      c.stop();
      hold.lock();
      at_ = at;
      told_ = false;
      changed_.notify_all();
    }
  }
  std::mutex lock_;
  std::condition_variable_any changed_;
  bool told_ = false;
  std::chrono::microseconds delay_{};
  clock::time_point at_;
  std::jthread thread_;
};

int measure(const arguments& a) {
  const std::map<std::string_view, std::unique_ptr<contender> (*)(const job&)> sides{
      {"weir", make_weir}, {"jthreads", make_jthreads}, {"libuv", make_libuv}};
  const auto side = sides.find(a.side);
  if (side == sides.end()) {
    return 2;
  }
  const std::unique_ptr<contender> c = side->second(a.asked);
  if (!c) {
    return 3;
  }
  stopper stops(*c);
  std::mt19937 random(a.seed);
  std::uniform_int_distribution<std::int64_t> delay(0, std::chrono::microseconds(a.after).count());
  std::printf("{\"microseconds\": [");
  for (std::size_t i = 0; i <= a.stops; ++i) { // the first is for warming up
    if (a.cold) {
      drop_from_cache(a.asked.paths);
    }
    const std::chrono::microseconds after(delay(random));
    if (!c->run([&] { stops.begin(after); })) {
      std::fprintf(stderr, "quiescence: the work ended before it was stopped\n");
      return 1;
    }
    const clock::time_point quiet = clock::now();
    const std::chrono::duration<double, std::micro> took = quiet - stops.stopped_at();
    if (i != 0) {
      std::printf("%s%.1f", i == 1 ? "" : ", ", took.count());
    }
  }
  std::printf("]}\n");
  return 0;
}

} // namespace

} // namespace quiescence

int main(int argc, char** argv) {
  quiescence::arguments a;
  if (!quiescence::parse(argc, argv, a)) {
    std::fprintf(stderr, "quiescence: see the comment at the beginning of its source\n");
    return 2;
  }
  return quiescence::measure(a);
}
