#include "awaitables.hpp"

#include <chrono>
#include <utility>

#include <weir/async_generator.hpp>
#include <weir/deadline.hpp>
#include <weir/finally.hpp>
#include <weir/scope.hpp>
#include <weir/shield.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>
#include <weir/when_all.hpp>
#include <weir/when_any.hpp>

namespace weir::test {

namespace {

using namespace std::chrono_literals;

async_generator<int> silent(never_ready& n) {
  co_await n.never.wait();
  co_yield 1;
}
async_generator<int> one_value() { co_yield 1; }
task<> nothing() { co_return; }
task<> forever(never_ready& n) { co_await n.never.wait(); }
task<int> forever_int(never_ready& n) {
  co_await n.never.wait();
  co_return 1;
}

} // namespace

const std::vector<awaitable>& awaitables_of_the_core() {
  static const std::vector<awaitable> all = {
      {"task_awaiter", "event", [](never_ready& n) -> task<> { co_await forever(n); }},
      {"final_awaiter", "event",
       [](never_ready& n) -> task<> {
         co_await nothing();
         co_await n.never.wait();
       }},
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
      {"shield_awaiter", "shielded task", [](never_ready& n) -> task<> { co_await shield(forever(n), 20ms); }},
      {"captured", "task",
       [](never_ready& n) -> task<> {
         co_await stopped_as_optional(forever(n));
         co_await n.never.wait();
       }},
      {"cleanup_awaiter", "task", // and, after it, a cleanup that never ends
       [](never_ready& n) -> task<> { co_await finally(forever(n), forever(n), 20ms); }},
  };
  return all;
}

} // namespace weir::test
