#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "noted.hpp"
#include <weir/async_generator.hpp>
#include <weir/channel.hpp>
#include <weir/deadline.hpp>
#include <weir/event.hpp>
#include <weir/finally.hpp>
#include <weir/scope.hpp>
#include <weir/semaphore.hpp>
#include <weir/shield.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>
#include <weir/when_all.hpp>
#include <weir/when_any.hpp>

// Small programs that use all of the core, for the tests that stop, or let fail, at every step. Each returns `programs_value`,
// counts its objects in `live`, and, if it is neither stopped nor out of memory, doesn't throw.

namespace weir::test {

using namespace std::chrono_literals;
inline constexpr int programs_value = 42;

inline task<int> after_a_while(int& live, std::chrono::milliseconds d, int value) {
  const counted here(live);
  co_await sleep_for(d);
  co_return value;
}
inline task<> fail_after(int& live, std::chrono::milliseconds d) {
  const counted here(live);
  co_await sleep_for(d);
  throw std::runtime_error("a part of the program");
}
inline task<> take_time(int& live, counted argument, std::chrono::milliseconds d) {
  const counted here(live);
  const counted moved(argument);
  co_await yield();
  co_await sleep_for(d);
}

inline task<int> awaits_and_catches(int& live) {
  const counted here(live);
  int sum = co_await after_a_while(live, 1ms, 20);
  try {
    co_await fail_after(live, 1ms);
  } catch (const std::runtime_error&) {
    sum += 2;
  }
  sum += co_await after_a_while(live, 0ms, 20);
  co_return sum;
}

inline task<int> spawns(int& live) {
  const counted here(live);
  co_await with_scope(
      [&](scope& s) -> task<> {
        const counted body(live);
        for (int i = 0; i < 3; ++i) {
          co_await s.spawn_when_room(take_time, std::ref(live), counted(live), 2ms);
        }
        s.spawn(take_time(live, counted(live), 1ms));
        co_await with_scope([&](scope& inner) -> task<> {
          inner.spawn(take_time, std::ref(live), counted(live), 5ms);
          co_await sleep_for(1ms);
          inner.request_stop();
          co_await yield();
        });
      },
      {.room = 2});
  auto failing = [&](scope& s) -> task<> {
    s.spawn(fail_after(live, 1ms));
    co_await sleep_for(1h);
  };
  int value = 0;
  try {
    co_await with_scope(failing);
  } catch (const std::runtime_error&) {
    value = programs_value;
  }
  co_return co_await with_scope([&](scope& s) -> task<int> {
    s.spawn(take_time(live, counted(live), 1ms));
    co_return value;
  });
}

inline task<int> joins_all_and_any(int& live) {
  const counted here(live);
  auto both = co_await when_all(after_a_while(live, 2ms, 1), after_a_while(live, 1ms, 2));
  std::vector<task<int>> many;
  for (int i = 0; i < 3; ++i) {
    many.push_back(after_a_while(live, std::chrono::milliseconds(3 - i), 10));
  }
  const std::vector<int> values = co_await when_all(std::move(many));
  auto first = co_await when_any(after_a_while(live, 9ms, 0), after_a_while(live, 1ms, 4));
  std::vector<task<int>> race;
  race.push_back(after_a_while(live, 1ms, 5));
  race.push_back(after_a_while(live, 2ms, 0));
  const std::pair<std::size_t, int> winner = co_await when_any(std::move(race));
  co_return std::get<0>(both) + std::get<1>(both) + values[0] + values[1] + values[2] + std::get<1>(first) + winner.second;
}

inline task<int> keeps_deadlines(int& live) {
  const counted here(live);
  int sum = co_await with_deadline(5ms, after_a_while(live, 1ms, 40));
  try {
    co_await with_deadline(1ms, after_a_while(live, 5ms, 0));
  } catch (const deadline_exceeded&) {
    sum += 2;
  }
  co_return sum;
}

inline task<int> cleans_up(int& live) {
  const counted here(live);
  int sum = co_await finally(after_a_while(live, 1ms, 30), take_time(live, counted(live), 2ms));
  sum += co_await shield(after_a_while(live, 2ms, 10), 1s);
  try {
    co_await finally(fail_after(live, 1ms), take_time(live, counted(live), 1ms));
  } catch (const std::runtime_error&) {
    sum += 2;
  }
  co_return sum;
}

inline async_generator<counted> some(int& live, int n) {
  const counted here(live);
  for (int i = 0; i < n; ++i) {
    co_await yield();
    co_yield counted(live);
  }
}
inline async_generator<counted> passed_on(int& live, async_generator<counted> in) {
  const counted here(live);
  while (auto v = co_await in.next()) {
    co_yield std::move(*v);
  }
}

inline task<int> streams(int& live) {
  const counted here(live);
  auto g = passed_on(live, some(live, 4));
  int sum = 38;
  while (auto v = co_await g.next()) {
    ++sum;
  }
  co_await g.close();
  co_return sum;
}

inline task<> sends(int& live, channel<counted>& ch, int n) {
  for (int i = 0; i < n; ++i) {
    const bool taken = co_await ch.send(counted(live));
    if (!taken) {
      co_return;
    }
  }
  ch.close();
}

inline task<int> hands_over(int& live) {
  channel<counted> ch(2);
  semaphore sem(1);
  event go;
  int sum = 0;
  co_await with_scope([&](scope& s) -> task<> {
    s.spawn(sends, std::ref(live), std::ref(ch), 5);
    co_await sem.acquire();
    s.spawn([](int& n, semaphore& m, event& e) -> task<> {
      co_await m.acquire();
      n += 37;
      m.release();
      e.set();
    }(sum, sem, go));
    while (auto v = co_await ch.receive()) {
      ++sum;
    }
    sem.release();
    co_await go.wait();
  });
  const auto stopped = co_await stopped_as_optional([](int& n) -> task<int> {
    const counted inside(n);
    co_await stop_here();
    co_return 1;
  }(live));
  co_return stopped ? 0 : sum;
}

struct program {
  const char* name;
  task<int> (*run)(int& live);
};
inline constexpr program programs[] = {
    {"awaits_and_catches", awaits_and_catches},
    {"spawns", spawns},
    {"joins_all_and_any", joins_all_and_any},
    {"keeps_deadlines", keeps_deadlines},
    {"cleans_up", cleans_up},
    {"streams", streams},
    {"hands_over", hands_over},
};

} // namespace weir::test
