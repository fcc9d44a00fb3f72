// Scenario 3: a completion races a stop from another thread. Each round has a task that waits for something, whose end and
// whose stop are begun by two threads that meet just before.
//
// WEIR_RACES: how many rounds each kind of wait gets, on each loop and engine. Unless told: 10,000 (2,000 under sanitizers), or
// as many as go into a second, whatever else the machine does.
#include "../unit/runtime/settings.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>

#include "../unit/runtime/png_files.hpp"
#include "stream/operations.hpp"
#include "stream/services.hpp"
#include <weir/detail/stream.hpp>

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int rounds_unless_told = 2'000;
#else
constexpr int rounds_unless_told = 10'000;
#endif
#else
constexpr int rounds_unless_told = 10'000;
#endif

void spin(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

/// Until it holds. At first without giving the core away, so that whoever waits goes on at once.
template<class F> void wait_until(F holds) {
  for (int looks = 0; !holds(); ++looks) {
    if (looks > 2'000) {
      std::this_thread::yield();
    }
  }
}

/// Where two threads meet, any number of times.
class meeting {
public:
  void arrive_and_wait() noexcept {
    const std::uint64_t pair = arrived_.fetch_add(1) / 2;
    wait_until([&] { return arrived_.load() / 2 != pair; });
  }

private:
  std::atomic<std::uint64_t> arrived_{0};
};

/// Which of the two comes first.
enum class first : unsigned char { open, stop, completion };

/// The other thread: asks for a stop once in each round.
class stopper {
public:
  stopper() : thread_([this] { serve(); }) {}
  stopper(const stopper&) = delete;
  stopper& operator=(const stopper&) = delete;
  ~stopper() {
    over_ = true;
    thread_.join();
  }

  /// A round begins. `wait`: how long it lets the completion go ahead when both have met.
  void begin(weir::stop_handle handle, first which, std::uint64_t wait) {
    handle_ = std::move(handle);
    first_ = which;
    wait_ = wait;
    ended_ = false;
    asked_ = false;
    round_.fetch_add(1);
  }
  /// By whoever completes the wait, just before.
  void meet() {
    both_.arrive_and_wait();
    if (first_ == first::stop) {
      wait_until([this] { return asked_.load(); });
    }
  }
  /// The task has ended, and the round does.
  void end() {
    ended_ = true;
    wait_until([this] { return asked_.load(); });
  }

private:
  void serve() {
    for (int i = 1;; ++i) {
      wait_until([&] { return round_.load() == i || over_.load(); });
      if (over_) {
        return;
      }
      both_.arrive_and_wait();
      if (first_ == first::completion) {
        wait_until([this] { return ended_.load(); });
      }
      spin(wait_);
      handle_.request_stop();
      asked_ = true;
    }
  }
  meeting both_;
  weir::stop_handle handle_;
  first first_ = first::open;
  std::uint64_t wait_ = 0;
  std::atomic<int> round_{0};
  std::atomic<bool> ended_{false};
  std::atomic<bool> asked_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// What a round is about. Its task goes on at most once, and finds the whole of what it waited for.
struct race {
  stopper& other;
  std::uint64_t head_start = 0; ///< of the stop
  int turns = 0;                ///< of the loop that it has besides, where it is the loop that completes the wait
  int went_on = 0;
  int whole = 0;

  /// By whoever completes the wait, just before.
  void meet() const {
    other.meet();
    spin(head_start);
  }
  [[nodiscard]] weir::task<> meet_on_loop() const {
    meet();
    for (int i = 0; i < turns; ++i) {
      co_await weir::sleep_for(std::chrono::nanoseconds(0));
    }
  }
};

/// Lets whoever was started with it come to its wait.
weir::task<> after_it_waits() {
  co_await weir::yield();
  co_await weir::yield();
}

weir::task<> an_event(race& r) {
  weir::event e;
  auto body = [&](weir::scope& s) -> weir::task<> {
    auto sets = [&]() -> weir::task<> {
      co_await after_it_waits();
      co_await r.meet_on_loop();
      e.set();
    };
    s.spawn(sets());
    co_await e.wait();
    ++r.went_on;
    ++r.whole;
  };
  co_await weir::with_scope(body);
}

weir::task<> a_channel(race& r) {
  weir::channel<std::unique_ptr<int>> c(1);
  auto body = [&](weir::scope& s) -> weir::task<> {
    auto sends = [&]() -> weir::task<> {
      co_await after_it_waits();
      co_await r.meet_on_loop();
      auto one = std::make_unique<int>(7);
      const bool sent = c.try_send(one);
      REQUIRE(sent);
    };
    s.spawn(sends());
    const auto v = co_await c.receive();
    ++r.went_on;
    r.whole += v && **v == 7 ? 1 : 0;
  };
  co_await weir::with_scope(body);
}

weir::task<> a_grant(race& r) {
  weir::detail::services& with = co_await weir::detail::services_awaiter{};
  const std::uint64_t most = with.pixels.budget();
  auto body = [&](weir::scope& s) -> weir::task<> {
    weir::memory::lease all = co_await weir::detail::grant_operation(with.pixels, most);
    auto gives_back = [&]() -> weir::task<> {
      co_await after_it_waits();
      co_await r.meet_on_loop();
      all.reset();
    };
    s.spawn(gives_back());
    const weir::memory::lease next = co_await weir::detail::grant_operation(with.pixels, most);
    ++r.went_on;
    r.whole += next.size() == most ? 1 : 0;
  };
  co_await weir::with_scope(body);
}

/// One that has begun gives its value: the race is for whether it begins.
weir::task<> a_job(race& r) {
  std::atomic<bool> queued{false};
  auto before = [&] {
    wait_until([&] { return queued.load(); });
    r.meet();
  };
  auto work = [] { return 7; };
  auto body = [&](weir::scope& s) -> weir::task<> {
    auto keeps_the_worker = [&]() -> weir::task<> { co_await weir::on_worker(before); };
    s.spawn(keeps_the_worker());
    auto says_so = [&]() -> weir::task<> {
      co_await after_it_waits();
      queued = true;
    };
    s.spawn(says_so());
    co_await weir::yield(); // so that the other job is the first
    const int seven = co_await weir::on_worker(work);
    ++r.went_on;
    r.whole += seven == 7 ? 1 : 0;
  };
  co_await weir::with_scope(body);
}

constexpr std::size_t file_size = 70'000; // two segments
const std::string& path_of_a_file() {
  static png_directory directory;
  static const std::string path = directory.file(std::string(file_size, 'x'));
  return path;
}
weir::task<> a_read(race& r) {
  auto look = [&r](const weir::encoded& e) {
    ++r.went_on;
    std::vector<std::byte> bytes(file_size);
    if (e.size() == file_size) {
      e.copy_to(bytes);
    }
    r.whole += std::count(bytes.begin(), bytes.end(), std::byte{'x'}) == file_size ? 1 : 0;
  };
  std::vector<std::string> one(1, path_of_a_file());
  auto p = weir::files(std::move(one)) | weir::read();
  r.meet(); // the read takes its time: it is the stop that has to wait for the moment
  co_await std::move(p).for_each(look);
}

struct kind {
  const char* name;
  weir::task<> (*waits)(race&);
};

} // namespace

TEST_CASE(
    "a completion and a stop from another thread at the same moment: the task goes on once with all of it, or is stopped") {
  const setting where = GENERATE(from_settings());
  const kind k = GENERATE(kind{"event", &an_event}, kind{"channel", &a_channel}, kind{"grant", &a_grant}, kind{"job", &a_job},
                          kind{"read", &a_read});
  INFO(name_of(where) << ", " << k.name);
  weir::runtime_options o;
  o.workers = 1;
  o.memory = 1 << 16;
  place p(where, o);
  const char* const told = std::getenv("WEIR_RACES");
  const int rounds = told != nullptr ? std::atoi(told) : rounds_unless_told;
  const auto enough = std::chrono::steady_clock::now() + (told != nullptr ? 1h : 1s);
  std::mt19937_64 dice(1);
  stopper other;
  std::uint64_t longest = 600; // of the stop's wait: comes to what lets some half of the rounds be stopped
  int ended = 0;
  int stopped = 0;
  for (int i = 0; i < rounds && std::chrono::steady_clock::now() < enough; ++i) {
    const first which = i == 0 ? first::stop : i == 1 ? first::completion : first::open;
    race r{other};
    r.head_start = dice() % 300;
    r.turns = which == first::stop ? 3 : static_cast<int>(dice() % 3);
    const weir::stop_handle stop;
    other.begin(stop, which, dice() % longest);
    const auto outcome = p.rt->run(k.waits(r), stop);
    other.end();
    REQUIRE((outcome.done() || outcome.stopped()));
    REQUIRE(r.went_on <= 1);
    REQUIRE(r.whole == r.went_on);
    REQUIRE((!outcome.done() || r.went_on == 1));
    REQUIRE((which == first::open || r.went_on == (which == first::completion ? 1 : 0)));
    const weir::audit_report left = p.rt->audit();
    REQUIRE((nothing_left(left) && left.held_by_user == 0));
    REQUIRE(p.rt->metrics().memory_in_use == 0);
    (r.went_on == 1 ? ended : stopped) += 1;
    longest = std::clamp<std::uint64_t>(r.went_on == 1 ? longest - longest / 32 : longest + longest / 16, 64, 200'000);
  }
  if (told != nullptr) {
    WARN(name_of(where) << ", " << k.name << ": " << ended << " ended, " << stopped << " stopped");
  }
}
