// That the explorer tries what it says it tries, and finds what is there to be found.
#include "exploring.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "loop/futex.hpp"
#include "loop/sync.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::cell;
using enumerate::execution;
using enumerate::limits;
using std::memory_order;

TEST_CASE("every order of two threads' steps is run, and no more than the preemptions allow") {
  std::multiset<std::string> seen;
  const auto program = [&](execution& e) {
    struct state {
      sync::atomic<int> a{0};
      std::string order;
    };
    auto s = std::make_shared<state>();
    for (const char who : {'x', 'y'}) {
      e.thread(std::string(1, who), [s, who] {
        for (int i = 0; i < 2; ++i) {
          s->a.fetch_add(1);
          s->order += who;
        }
      });
    }
    e.afterwards([s, &seen] { seen.insert(s->order); });
  };
  check_all(program, {.preemptions = 9, .surprises = 0});
  CHECK(std::set<std::string>(seen.begin(), seen.end()) ==
        std::set<std::string>{"xxyy", "xyxy", "xyyx", "yxxy", "yxyx", "yyxx"});
  seen.clear();
  check_all(program, {.preemptions = 0, .surprises = 0});
  CHECK(seen == std::multiset<std::string>{"xxyy", "yyxx"});
}

TEST_CASE("a plain value that two threads touch with nothing between them is a data race, whatever order they came in") {
  const auto r = enumerate::explore([](execution& e) {
    auto value = std::make_shared<cell<int>>();
    e.thread("a", [value] { value->set(1); });
    e.thread("b", [value] { value->set(2); });
  });
  CHECK(r.failure.find(race) != std::string::npos);
  CHECK(r.executions == 1);
}

namespace {

/// What one thread writes and then says so, another reads if it hears of it.
enumerate::scenario message(memory_order said, memory_order heard) {
  return [=](execution& e) {
    struct state {
      cell<int> value;
      sync::atomic<bool> there{false};
    };
    auto s = std::make_shared<state>();
    e.thread("writer", [=] {
      s->value.set(7);
      s->there.store(true, said);
    });
    e.thread("reader", [=] {
      if (s->there.load(heard)) {
        enumerate::require(s->value.get() == 7, "the value is there");
      }
    });
  };
}

/// Each says that it is there, and looks whether the other is.
enumerate::scenario two_looks(memory_order says, memory_order looks) {
  return [=](execution& e) {
    struct state {
      sync::atomic<bool> here[2];
      bool met[2] = {};
    };
    auto s = std::make_shared<state>();
    for (int i = 0; i < 2; ++i) {
      e.thread(std::to_string(i), [=] {
        s->here[i].store(true, says);
        s->met[i] = s->here[1 - i].load(looks);
      });
    }
    e.afterwards([s] { enumerate::require(s->met[0] || s->met[1], "one of them saw the other"); });
  };
}

} // namespace

TEST_CASE("release and acquire hand a value over; with either of them relaxed it is a data race") {
  check_all(message(memory_order::release, memory_order::acquire));
  CHECK_FALSE(enumerate::explore(message(memory_order::relaxed, memory_order::acquire)).failure.empty());
  CHECK_FALSE(enumerate::explore(message(memory_order::release, memory_order::relaxed)).failure.empty());
}

TEST_CASE(
    "of two that announce themselves and look, one sees the other if both actions are sequentially consistent, and only then") {
  check_all(two_looks(memory_order::seq_cst, memory_order::seq_cst));
  CHECK_FALSE(enumerate::explore(two_looks(memory_order::release, memory_order::seq_cst)).failure.empty());
  CHECK_FALSE(enumerate::explore(two_looks(memory_order::seq_cst, memory_order::acquire)).failure.empty());
  CHECK_FALSE(enumerate::explore(two_looks(memory_order::release, memory_order::acquire)).failure.empty());
}

TEST_CASE("a thread never sees a value older than one it has seen, or has heard of") {
  check_all(
      [](execution& e) {
        struct state {
          sync::atomic<int> number{0};
          sync::atomic<int> heard{0};
        };
        auto s = std::make_shared<state>();
        e.thread("writer", [s] {
          s->number.store(1, memory_order::relaxed);
          s->number.store(2, memory_order::relaxed);
        });
        e.thread("reader", [s] {
          const int first = s->number.load(memory_order::relaxed);
          enumerate::require(s->number.load(memory_order::relaxed) >= first, "it never goes back");
          s->heard.store(first, memory_order::release);
        });
        e.thread("third", [s] {
          const int heard = s->heard.load(memory_order::acquire);
          enumerate::require(s->number.load(memory_order::relaxed) >= heard, "what was heard of is seen");
        });
      },
      {.preemptions = 3, .surprises = 3});
}

namespace {

enum class sleeping { right, without_second_look, woken_before_the_push, without_a_wake, with_an_if };

/// A thread sleeps until there is something; the other brings it.
enumerate::scenario sleeper(sleeping how) {
  return [=](execution& e) {
    struct state {
      sync::atomic<std::uint32_t> asleep{0};
      sync::atomic<int> there{0};
    };
    auto s = std::make_shared<state>();
    e.thread("sleeper", [=] {
      while (s->there.load() == 0) {
        s->asleep.store(1);
        if (how == sleeping::without_second_look || s->there.load() == 0) {
          loop::futex_wait(s->asleep, 1);
        }
        s->asleep.store(0);
        if (how == sleeping::with_an_if) {
          break;
        }
      }
      enumerate::require(s->there.load() == 1, "it was woken because there is something");
    });
    e.thread("waker", [=] {
      const auto wake = [&] {
        if (s->asleep.load() != 0 && s->asleep.exchange(0) != 0 && how != sleeping::without_a_wake) {
          loop::futex_wake(s->asleep);
        }
      };
      if (how == sleeping::woken_before_the_push) {
        wake();
      }
      s->there.store(1);
      if (how != sleeping::woken_before_the_push) {
        wake();
      }
    });
  };
}

} // namespace

TEST_CASE("a lost wake-up is found: no second look before the sleep, a wake before the push, none at all") {
  check_all(sleeper(sleeping::right));
  for (const sleeping how : {sleeping::without_second_look, sleeping::woken_before_the_push, sleeping::without_a_wake}) {
    const enumerate::result r = enumerate::explore(sleeper(how));
    CHECK(r.failure.find(lost_wake) != std::string::npos);
    CHECK(r.failure.find("sleeper is blocked: sleep") != std::string::npos);
  }
}

TEST_CASE("a sleep that ended for no reason and was taken for a wake is found") {
  CHECK(enumerate::explore(sleeper(sleeping::with_an_if)).failure.find("it was woken because") != std::string::npos);
}

TEST_CASE("the path of a failure leads to it again, with the same actions") {
  const enumerate::result r = enumerate::explore(sleeper(sleeping::without_second_look));
  const std::size_t at = r.failure.find("path: \"") + 7;
  const std::string path = r.failure.substr(at, r.failure.find('"', at) - at);
  const enumerate::result again = enumerate::replay(sleeper(sleeping::without_second_look), path);
  CHECK(again.failure == r.failure);
  CHECK(again.executions == 1);
  CHECK(enumerate::replay(sleeper(sleeping::right), "").failure.empty());
}

TEST_CASE("two locks taken in two orders are a deadlock, in one order none") {
  const auto program = [](bool same) {
    return [=](execution& e) {
      struct state {
        sync::mutex a;
        sync::mutex b;
        cell<int> both;
      };
      auto s = std::make_shared<state>();
      for (const bool turned : {false, !same}) {
        e.thread(turned ? "b first" : "a first", [=] {
          const std::lock_guard first(turned ? s->b : s->a);
          const std::lock_guard second(turned ? s->a : s->b);
          s->both.set(s->both.get() + 1);
        });
      }
      e.afterwards([s] { enumerate::require(s->both.get() == 2, "both came through"); });
    };
  };
  check_all(program(true));
  CHECK(enumerate::explore(program(false)).failure.find(lost_wake) != std::string::npos);
}

TEST_CASE("a notification with nobody to hear it is lost, unless what it is about is looked at first") {
  const auto program = [](bool looks) {
    return [=](execution& e) {
      struct state {
        sync::mutex lock;
        sync::condition_variable changed;
        bool there = false;
      };
      auto s = std::make_shared<state>();
      e.thread("waits", [=] {
        std::unique_lock held(s->lock);
        if (looks) {
          while (!s->there) {
            s->changed.wait(held);
          }
        } else {
          s->changed.wait(held);
        }
      });
      e.thread("notifies", [=] {
        const std::lock_guard held(s->lock);
        s->there = true;
        s->changed.notify_one();
      });
    };
  };
  check_all(program(true));
  CHECK(enumerate::explore(program(false)).failure.find(lost_wake) != std::string::npos);
}

TEST_CASE("a signal handler runs at every moment of its thread, which stands still: a lock that the thread has is a deadlock") {
  std::set<int> moments;
  check_all([&](execution& e) {
    auto count = std::make_shared<sync::atomic<int>>(0);
    auto seen = std::make_shared<int>(0);
    e.thread("thread", [=] {
      for (int i = 0; i < 3; ++i) {
        count->fetch_add(1);
      }
    });
    e.signal_handler("handler", 0, [=] {
      *seen = count->load();
      enumerate::require(count->load() == *seen, "the thread stands still");
    });
    e.afterwards([=, &moments] { moments.insert(*seen); });
  });
  CHECK(moments == std::set<int>{0, 1, 2, 3});
  const auto r = enumerate::explore([](execution& e) {
    struct state {
      sync::mutex lock;
      sync::atomic<int> inside{0};
    };
    auto s = std::make_shared<state>();
    e.thread("thread", [=] {
      const std::lock_guard held(s->lock);
      s->inside.store(1);
    });
    e.signal_handler("handler", 0, [=] { const std::lock_guard held(s->lock); });
  });
  CHECK(r.failure.find("handler is blocked: lock") != std::string::npos);
}

TEST_CASE("an exception that leaves a thread, a thread that never ends, and a program that isn't repeatable are failures") {
  const auto thrown = enumerate::explore([](execution& e) { e.thread("t", [] { throw std::runtime_error("why"); }); });
  CHECK(thrown.failure.find("an exception left t: why") != std::string::npos);
  const auto endless = enumerate::explore([](execution& e) {
    e.thread("t", [] {
      for (;;) {
        sync::yield();
      }
    });
  });
  CHECK(endless.failure.find("it goes on for ever") != std::string::npos);
  int run = 0;
  const auto moody = enumerate::explore([&](execution& e) {
    ++run;
    for (int i = 0; i < 1 + (run > 1 ? 2 : 1); ++i) {
      e.thread("t", [] { sync::atomic<int>(0).store(1); });
    }
  });
  CHECK(moody.failure.find("isn't a function of its schedule") != std::string::npos);
}
