#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <pthread.h>

#include "loop/uv.hpp"

using namespace std::chrono_literals;
namespace loop = weir::loop;

namespace {

struct host {
  host() { uv_loop_init(&uv); }
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  int close() { return uv_loop_close(&uv); }
  uv_loop_t uv;
};

void note_closed(void* flag) noexcept { *static_cast<bool*>(flag) = true; }

// What every test ends with: the host's loop can be closed, so no handle is left.
void close_both(loop::uv_loop_adapter& l, host& h) {
  bool closed = false;
  l.close(note_closed, &closed);
  uv_run(&h.uv, UV_RUN_DEFAULT);
  REQUIRE(closed);
  REQUIRE(h.close() == 0);
}

struct closure final : weir::detail::runnable {
  explicit closure(std::function<void()> f) : fn(std::move(f)) {}
  void run() noexcept override { fn(); }
  std::function<void()> fn;
};

struct bell final : weir::detail::timer {
  explicit bell(std::function<void()> f) : fn(std::move(f)) {}
  void fire() noexcept override { fn(); }
  std::function<void()> fn;
};

struct call final : loop::remote_node {
  explicit call(std::function<void()> f)
      : remote_node([](remote_node& n) noexcept { static_cast<call&>(n).fn(); }), fn(std::move(f)) {}
  std::function<void()> fn;
};

} // namespace

TEST_CASE("an adapter that has nothing to do doesn't keep the host's loop alive") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  REQUIRE(uv_run(&h.uv, UV_RUN_DEFAULT) == 0);
  l.hold();
  REQUIRE(uv_loop_alive(&h.uv) != 0);
  l.hold();
  l.release();
  REQUIRE(uv_loop_alive(&h.uv) != 0);
  l.release();
  REQUIRE(uv_loop_alive(&h.uv) == 0);
  close_both(l, h);
}

TEST_CASE("pieces, timers and posts run in the host's uv_run, which ends when nothing is held") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  std::vector<int> log;
  std::thread other;
  call posted([&] {
    log.push_back(3);
    l.release();
  });
  bell timer([&] {
    log.push_back(2);
    other = std::thread([&] { l.post_remote(posted); });
  });
  closure first([&] {
    log.push_back(1);
    l.arm(timer, l.now() + 2ms);
  });
  l.hold();
  l.post(first);
  uv_run(&h.uv, UV_RUN_DEFAULT);
  other.join();
  REQUIRE(log == std::vector{1, 2, 3});
  close_both(l, h);
}

TEST_CASE("a uv timer never fires before its time") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  for (int i = 0; i < 20; ++i) {
    const auto due = l.now() + std::chrono::microseconds(i * 170);
    bool early = true;
    bell timer([&] {
      early = l.now() < due;
      l.quit();
    });
    l.arm(timer, due);
    l.run();
    REQUIRE_FALSE(early);
  }
  close_both(l, h);
}

TEST_CASE("nothing that three threads post to a uv loop is lost") {
  constexpr int producers = 3;
  constexpr int posts = 30'000;
  host h;
  loop::uv_loop_adapter l(&h.uv);
  struct counter {
    loop::uv_loop_adapter* home;
    int left;
  } c{&l, producers * posts};
  struct counted : loop::remote_node {
    explicit counted(counter& t) noexcept
        : remote_node([](remote_node& n) noexcept {
            counter& all = static_cast<counted&>(n).to;
            if (--all.left == 0) {
              all.home->quit();
            }
          }),
          to(t) {}
    counter& to;
  };
  std::vector<std::thread> threads;
  std::vector<std::vector<counted>> nodes(producers);
  for (auto& mine : nodes) {
    mine.reserve(posts);
    for (int i = 0; i < posts; ++i) {
      mine.emplace_back(c);
    }
  }
  for (auto& mine : nodes) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < mine.size(); ++i) {
        l.post_remote(mine[i]);
        if (i % 16 == 0) {
          std::this_thread::yield();
        }
      }
    });
  }
  l.run();
  for (std::thread& t : threads) {
    t.join();
  }
  REQUIRE(c.left == 0);
  close_both(l, h);
}

TEST_CASE("what is posted in the middle of a turn, when the queue has been looked at and nobody sleeps, runs in the next") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  call quit([&] { l.quit(); });
  struct end final : loop::turn_end {
    end(loop::loop& to, call& c) noexcept : home(to), node(&c) {}
    void end_of_turn() noexcept override {
      if (node != nullptr) {
        std::thread([this] { home.post_remote(*node); }).join();
        node = nullptr;
      }
    }
    loop::loop& home;
    call* node;
  } in_the_turn(l, quit);
  l.add(in_the_turn);
  l.run();
  REQUIRE(in_the_turn.node == nullptr);
  close_both(l, h);
}

TEST_CASE("a signal handler wakes a uv loop") {
  static loop::uv_loop_adapter* home = nullptr;
  static call quit([] { home->quit(); });
  host h;
  loop::uv_loop_adapter l(&h.uv);
  home = &l;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { home->post_remote(quit); };
  sigaction(SIGUSR1, &action, &before);
  const pthread_t self = pthread_self();
  for (int i = 0; i < 100; ++i) {
    std::thread killer([&] { pthread_kill(self, SIGUSR1); });
    l.run();
    killer.join();
  }
  sigaction(SIGUSR1, &before, nullptr);
  close_both(l, h);
}

TEST_CASE("pieces that post themselves for ever don't starve the host") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  closure* self = nullptr;
  closure busy([&] { l.post(*self); });
  self = &busy;
  uv_timer_t timer;
  uv_timer_init(&h.uv, &timer);
  uv_timer_start(
      &timer,
      [](uv_timer_t* t) {
        uv_stop(t->loop);
        uv_close(reinterpret_cast<uv_handle_t*>(t), nullptr);
      },
      2, 0);
  l.hold();
  l.post(busy);
  uv_run(&h.uv, UV_RUN_DEFAULT);
  l.unpost(busy);
  l.release();
  close_both(l, h);
}

TEST_CASE("a host that takes single rounds, and waits on the loop's descriptor in between, is told of each timer") {
  const uv_run_mode mode = GENERATE(UV_RUN_ONCE, UV_RUN_NOWAIT);
  host h;
  loop::uv_loop_adapter l(&h.uv);
  int rings = 0;
  bell* self = nullptr;
  bell often([&] {
    if (++rings < 30) {
      l.arm(*self, l.now() + std::chrono::microseconds(700 * rings % 2900));
    }
  });
  self = &often;
  l.hold();
  l.arm(often, l.now());
  while (rings < 30) {
    uv_run(&h.uv, mode);
    const int limit = rings < 30 ? uv_backend_timeout(&h.uv) : 0;
    REQUIRE(limit >= 0); // -1: for ever
    std::this_thread::sleep_for(std::chrono::milliseconds(limit));
  }
  l.release();
  close_both(l, h);
}

TEST_CASE("timers that are due again after each turn don't starve the host, be it two adapters'") {
  const std::size_t adapters = GENERATE(1U, 2U);
  host h;
  std::vector<std::unique_ptr<loop::uv_loop_adapter>> loops;
  std::vector<std::unique_ptr<bell>> bells;
  std::size_t rings = 0;
  std::size_t rings_before_the_host = 0;
  uv_check_t after_poll; // a part of each round of the host's loop
  uv_check_init(&h.uv, &after_poll);
  auto note = [&] { rings_before_the_host = rings_before_the_host == 0 ? rings : rings_before_the_host; };
  std::function<void()> noting = note;
  after_poll.data = &noting;
  uv_check_start(&after_poll, [](uv_check_t* c) { (*static_cast<std::function<void()>*>(c->data))(); });
  for (std::size_t i = 0; i < adapters; ++i) {
    loops.push_back(std::make_unique<loop::uv_loop_adapter>(&h.uv));
    loops[i]->hold();
    bells.push_back(std::make_unique<bell>([&, i] {
      std::this_thread::sleep_for(2ms); // a slow step: after it, the next time has passed already
      if (++rings < 100) {
        loops[i]->arm(*bells[i], loops[i]->now() + 50us);
      } else {
        uv_stop(&h.uv);
      }
    }));
    loops[i]->arm(*bells[i], loops[i]->now() + 3ms);
  }
  uv_run(&h.uv, UV_RUN_DEFAULT);
  CHECK(rings_before_the_host > 0);
  CHECK(rings_before_the_host <= 2 * adapters);
  uv_close(reinterpret_cast<uv_handle_t*>(&after_poll), nullptr);
  for (std::size_t i = 0; i < adapters; ++i) {
    loops[i]->disarm(*bells[i]);
    loops[i]->release();
  }
  for (auto& l : loops) {
    bool closed = false;
    l->close(note_closed, &closed);
    uv_run(&h.uv, UV_RUN_DEFAULT);
    REQUIRE(closed);
  }
  REQUIRE(h.close() == 0);
}

TEST_CASE("the host stops its loop early, runs it again, and closes it: nothing is lost, no handle is left") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  int steps = 0;
  closure* self = nullptr;
  closure work([&] {
    if (++steps == 1000) {
      l.release();
    } else {
      l.post(*self);
      if (steps % 10 == 0) {
        uv_stop(l.host());
      }
    }
  });
  self = &work;
  l.hold();
  l.post(work);
  int runs = 0;
  while (uv_run(&h.uv, UV_RUN_DEFAULT) != 0) {
    ++runs;
  }
  REQUIRE(steps == 1000);
  REQUIRE(runs >= 3);
  call posted([&] { ++steps; });
  l.post_remote(posted); // while the host doesn't run
  uv_run(&h.uv, UV_RUN_NOWAIT);
  l.hold();
  uv_run(&h.uv, UV_RUN_NOWAIT);
  l.release();
  REQUIRE(steps == 1001);
  close_both(l, h);
}

TEST_CASE("run goes on when the host stops its loop, and ends with quit") {
  host h;
  loop::uv_loop_adapter l(&h.uv);
  int steps = 0;
  closure* self = nullptr;
  closure work([&] {
    uv_stop(l.host());
    if (++steps == 10) {
      l.quit();
    } else {
      l.post(*self);
    }
  });
  self = &work;
  l.post(work);
  l.run();
  REQUIRE(steps == 10);
  close_both(l, h);
}

TEST_CASE("the close callback may destroy the adapter, and one destroyed without a close leaves its host closable") {
  host h;
  auto l = std::make_unique<loop::uv_loop_adapter>(&h.uv);
  l->close([](void* p) noexcept { static_cast<std::unique_ptr<loop::uv_loop_adapter>*>(p)->reset(); }, &l);
  uv_run(&h.uv, UV_RUN_DEFAULT);
  REQUIRE(l == nullptr);
  { loop::uv_loop_adapter forgotten(&h.uv); }
  uv_run(&h.uv, UV_RUN_DEFAULT);
  REQUIRE(h.close() == 0);
}

TEST_CASE("two adapters on one host, one closed under load, go on apart") {
  host h;
  loop::uv_loop_adapter a(&h.uv);
  loop::uv_loop_adapter b(&h.uv);
  int steps = 0;
  closure* self = nullptr;
  closure work([&] {
    if (++steps < 5000) {
      a.post(*self);
    } else {
      a.release();
    }
  });
  self = &work;
  a.hold();
  a.post(work);
  bool closed = false;
  closure close_b([&] { b.close(note_closed, &closed); });
  b.post(close_b);
  uv_run(&h.uv, UV_RUN_DEFAULT);
  REQUIRE(closed);
  REQUIRE(steps == 5000);
  close_both(a, h);
}
