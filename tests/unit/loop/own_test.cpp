#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "loop/own.hpp"

using namespace std::chrono_literals;
namespace loop = weir::loop;

namespace {

struct counted_node : loop::remote_node {
  explicit counted_node(run_fn fn) noexcept : remote_node(fn) {}
  int producer = 0;
  int number = 0;
  void* to = nullptr;
};

struct tally {
  loop::own_loop* home = nullptr;
  int left = 0;
  std::vector<int> last; // of each producer
  bool in_order = true;
};

void count(loop::remote_node& n) noexcept {
  auto& node = static_cast<counted_node&>(n);
  auto& t = *static_cast<tally*>(node.to);
  int& last = t.last[static_cast<std::size_t>(node.producer)];
  t.in_order = t.in_order && node.number == last + 1;
  last = node.number;
  if (--t.left == 0) {
    t.home->quit();
  }
}

struct quit_timer final : weir::detail::timer {
  explicit quit_timer(loop::loop& l) noexcept : home(l) {}
  void fire() noexcept override { home.quit(); }
  loop::loop& home;
};

struct closure final : weir::detail::runnable {
  explicit closure(std::function<void()> f) : fn(std::move(f)) {}
  void run() noexcept override { fn(); }
  std::function<void()> fn;
};

} // namespace

TEST_CASE("nothing that three threads post is lost, in whatever moment the loop goes to sleep or wakes") {
  constexpr int producers = 3;
  constexpr int posts = 100'000;
  loop::own_loop l;
  tally t{&l, producers * posts, std::vector<int>(producers, 0), true};
  std::vector<std::vector<counted_node>> nodes(producers);
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    auto& mine = nodes[static_cast<std::size_t>(p)];
    mine.reserve(posts);
    for (int i = 1; i <= posts; ++i) {
      mine.emplace_back(count);
      mine.back().producer = p;
      mine.back().number = i;
      mine.back().to = &t;
    }
  }
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&, p] {
      auto& mine = nodes[static_cast<std::size_t>(p)];
      for (std::size_t i = 0; i < mine.size();) {
        if (i % 7 == 0 && i + 3 <= mine.size()) { // some of them as chains
          mine[i].next = &mine[i + 1];
          mine[i + 1].next = &mine[i + 2];
          l.post_remote_chain(mine[i], mine[i + 2]);
          i += 3;
        } else {
          l.post_remote(mine[i++]);
        }
        if (i % 64 == 0) {
          std::this_thread::yield(); // lets the loop catch up and go to sleep
        }
      }
    });
  }
  l.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  REQUIRE(t.left == 0);
  REQUIRE(t.in_order);
}

TEST_CASE("one post at a time wakes the loop from every sleep") {
  constexpr int rounds = 20'000;
  loop::own_loop l;
  std::atomic<int> answered{0};
  struct ping : loop::remote_node {
    explicit ping(run_fn fn) noexcept : remote_node(fn) {}
    std::atomic<int>* answered = nullptr;
    loop::own_loop* home = nullptr;
  } node([](loop::remote_node& n) noexcept {
    auto& p = static_cast<ping&>(n);
    if (p.answered->fetch_add(1) + 1 == rounds) {
      p.home->quit();
    }
    p.answered->notify_one();
  });
  node.answered = &answered;
  node.home = &l;
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      l.post_remote(node);
      answered.wait(i);
    }
  });
  l.run();
  other.join();
  REQUIRE(answered == rounds);
}

TEST_CASE("a signal handler on the loop's own thread wakes it, and leaves errno alone") {
  static loop::own_loop* home = nullptr;
  static std::atomic<bool> errno_kept{true};
  struct note : loop::remote_node {
    note() noexcept : remote_node([](remote_node& n) noexcept { static_cast<note&>(n).seen = true; }) {}
    bool seen = false;
  };
  static note node;
  loop::own_loop l;
  home = &l;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {
    const int before_post = errno;
    home->post_remote(node);
    errno_kept = errno_kept && errno == before_post;
  };
  sigaction(SIGUSR1, &action, &before);
  const pthread_t self = pthread_self();
  for (int i = 0; i < 300; ++i) {
    node.seen = false;
    struct end final : loop::turn_end {
      void end_of_turn() noexcept override {
        if (node.seen) {
          home->quit();
        }
      }
    } watch;
    l.add(watch);
    std::thread killer([&, i] {
      for (int spin = 0; spin < i * 50; ++spin) { // another moment each time: awake, going to sleep, asleep
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
      pthread_kill(self, SIGUSR1);
    });
    l.run();
    killer.join();
    l.remove(watch);
    REQUIRE(node.seen);
  }
  sigaction(SIGUSR1, &before, nullptr);
  REQUIRE(errno_kept);
}

TEST_CASE("the loop sleeps until its timer, and no shorter") {
  loop::own_loop l;
  quit_timer t(l);
  const auto due = l.now() + 5ms;
  l.arm(t, due);
  int turns = 0;
  struct end final : loop::turn_end {
    void end_of_turn() noexcept override { ++*turns; }
    int* turns = nullptr;
  } counter;
  counter.turns = &turns;
  l.add(counter);
  l.run();
  REQUIRE(l.now() >= due);
  REQUIRE(turns <= 10); // slept, not span
  l.remove(counter);
}

TEST_CASE("turn ends are called in the order of adding, and one that posts keeps the loop awake") {
  loop::own_loop l;
  std::vector<int> log;
  struct end final : loop::turn_end {
    end(std::vector<int>& l, int i) noexcept : log(l), id(i) {}
    void end_of_turn() noexcept override {
      log.push_back(id);
      if (post != nullptr) {
        home->post(*post);
        post = nullptr;
      }
    }
    std::vector<int>& log;
    int id;
    loop::loop* home = nullptr;
    weir::detail::runnable* post = nullptr;
  } first(log, 1), second(log, 2);
  l.add(first);
  l.add(second);
  closure stop([&] { l.quit(); });
  second.home = &l;
  second.post = &stop;
  l.run();
  REQUIRE(log == std::vector{1, 2, 1, 2});
  l.remove(first);
  l.remove(first);
  log.clear();
  l.post(stop);
  l.run();
  REQUIRE(log == std::vector{2});
}

TEST_CASE("pieces that post themselves for ever starve neither timers nor other threads") {
  loop::own_loop l;
  closure* self = nullptr;
  closure busy([&] { l.post(*self); });
  self = &busy;
  l.post(busy);
  quit_timer t(l);
  l.arm(t, l.now() + 1ms);
  l.run();
  struct quitter : loop::remote_node {
    explicit quitter(loop::own_loop& o) noexcept
        : remote_node([](remote_node& n) noexcept { static_cast<quitter&>(n).home.quit(); }), home(o) {}
    loop::own_loop& home;
  } quit(l);
  std::thread other([&] { l.post_remote(quit); });
  l.run();
  other.join();
  l.unpost(busy);
  REQUIRE_FALSE(l.has_ready());
}

TEST_CASE("a quit before the run ends that run, and that one alone") {
  loop::own_loop l;
  bool ran = false;
  closure c([&] {
    ran = true;
    l.quit();
  });
  l.post(c);
  l.quit();
  l.run();
  REQUIRE_FALSE(ran);
  l.run();
  REQUIRE(ran);
}

TEST_CASE("closing runs what was posted before, so that no node is left with a loop that is gone") {
  auto l = std::make_unique<loop::own_loop>();
  static int ran = 0;
  ran = 0;
  loop::remote_node node([](loop::remote_node&) noexcept { ++ran; });
  l->post_remote(node);
  l->close([](void* p) noexcept { static_cast<std::unique_ptr<loop::own_loop>*>(p)->reset(); }, &l);
  REQUIRE(ran == 1);
  REQUIRE(l == nullptr);
}
