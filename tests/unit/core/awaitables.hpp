#pragma once

#include <vector>

#include "parts.hpp"
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

// Everything in the core that can be awaited, each so that it doesn't end by itself. A new awaiter is added here, with the name
// of its class and what a dump says of it; never_ready_test.cpp compares the list with the headers. What needs a runtime is
// in tests/unit/runtime/dump_test.cpp.

namespace weir::test {

using namespace std::chrono_literals;

/// What the tasks wait for. None of it ever comes.
struct never_ready {
  event never;
  semaphore none{0};
  channel<int> empty{1};
  channel<int> full{1};
  never_ready() {
    int one = 1;
    static_cast<void>(full.try_send(one));
  }
};

struct awaitable {
  const char* awaiter;   ///< the class whose await_suspend it goes through
  const char* waits_for; ///< how a dump describes the wait in which it stays
  task<> (*wait)(never_ready&);
  bool ends_by_itself = false; ///< it doesn't wait: it is there for what comes after it, which is stopped
};

inline async_generator<int> silent(never_ready& n) {
  co_await n.never.wait();
  co_yield 1;
}
inline async_generator<int> one_value() { co_yield 1; }
inline task<> forever(never_ready& n) { co_await n.never.wait(); }
inline task<int> forever_int(never_ready& n) {
  co_await n.never.wait();
  co_return 1;
}

inline const std::vector<awaitable>& awaitables() {
  static const std::vector<awaitable> all = {
      {"task_awaiter", "event", [](never_ready& n) -> task<> { co_await forever(n); }},
      {"wait_awaiter", "event", [](never_ready& n) -> task<> { co_await n.never.wait(); }},
      {"acquire_awaiter", "semaphore", [](never_ready& n) -> task<> { co_await n.none.acquire(2); }},
      {"receive_awaiter", "channel receive",
       [](never_ready& n) -> task<> {
         auto v = co_await n.empty.receive();
         static_cast<void>(v);
       }},
      {"send_awaiter", "channel send",
       [](never_ready& n) -> task<> {
         const bool taken = co_await n.full.send(2);
         static_cast<void>(taken);
       }},
      {"sleep_awaiter", "sleep", [](never_ready&) -> task<> { co_await sleep_for(std::chrono::hours::max()); }},
      {"yield_awaiter", "event",
       [](never_ready& n) -> task<> {
         co_await yield();
         co_await n.never.wait();
       }},
      {"now_awaiter", "event",
       [](never_ready& n) -> task<> {
         const auto now = co_await detail::now_awaiter{};
         static_cast<void>(now);
         co_await n.never.wait();
       }},
      {"token_awaiter", "event",
       [](never_ready& n) -> task<> {
         const auto token = co_await current_stop_token();
         static_cast<void>(token);
         co_await n.never.wait();
       }},
      {"ready_awaiter", "event",
       [](never_ready& n) -> task<> {
         auto g = one_value();
         co_await g.close();
         co_await n.never.wait();
       }},
      {"stopped_awaiter", "", [](never_ready&) -> task<> { co_await stop_here(); }, true},
      {"next_awaiter", "event",
       [](never_ready& n) -> task<> {
         auto g = silent(n);
         auto v = co_await g.next();
         static_cast<void>(v);
       }},
      {"yield_point", "event", // a consumer that is stopped while its generator is idle
       [](never_ready& n) -> task<> {
         auto g = one_value();
         auto v = co_await g.next();
         static_cast<void>(v);
         co_await n.never.wait();
       }},
      {"room_waiter", "room in a scope",
       [](never_ready& n) -> task<> {
         co_await with_scope(
             [&](scope& s) -> task<> {
               s.spawn(forever(n));
               co_await s.spawn_when_room(forever(n));
             },
             {.room = 1});
       }},
      {"scope_join", "scope join",
       [](never_ready& n) -> task<> {
         co_await with_scope([&](scope& s) -> task<> {
           s.spawn(forever(n));
           co_return;
         });
       }},
      {"all_tuple", "when_all", [](never_ready& n) -> task<> { co_await when_all(forever(n), forever_int(n)); }},
      {"all_vector", "when_all",
       [](never_ready& n) -> task<> {
         std::vector<task<int>> tasks;
         tasks.push_back(forever_int(n));
         tasks.push_back(forever_int(n));
         co_await when_all(std::move(tasks));
       }},
      {"any_tuple", "when_any", [](never_ready& n) -> task<> { co_await when_any(forever(n), forever_int(n)); }},
      {"any_vector", "when_any",
       [](never_ready& n) -> task<> {
         std::vector<task<int>> tasks;
         tasks.push_back(forever_int(n));
         tasks.push_back(forever_int(n));
         co_await when_any(std::move(tasks));
       }},
      {"deadline_awaiter", "task with a deadline",
       [](never_ready& n) -> task<> { co_await with_deadline(std::chrono::hours::max(), forever(n)); }},
      {"shielded", "shielded task", [](never_ready& n) -> task<> { co_await shield(forever(n), 1s); }},
      {"captured", "task",
       [](never_ready& n) -> task<> {
         co_await stopped_as_optional(forever(n));
         co_await n.never.wait();
       }},
      {"captured", "task", // and, after it, a cleanup that never ends
       [](never_ready& n) -> task<> { co_await finally(forever(n), forever(n), 1s); }},
  };
  return all;
}

} // namespace weir::test
