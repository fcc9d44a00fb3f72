// Scenarios: structured concurrency by hand.
#include "stage_set.hpp"

#include <stdexcept>

namespace weir::explore {

namespace {

using namespace std::chrono_literals;

task<> child(stage_set& s, family& f, int i) {
  const child_local local(s, f);
  co_await sleep_for(std::chrono::microseconds(10 * i));
  auto on_a_worker = [] {
    workers::sim_crew::checkpoint();
    workers::sim_crew::checkpoint();
  };
  co_await on_worker(on_a_worker);
  s.took(1);
}

task<> children(stage_set& s) {
  family all;
  auto body = [&](scope& in) -> task<> {
    const parent_local local(s, all);
    for (int i = 0; i < 6; ++i) {
      co_await in.spawn_when_room(child(s, all, i));
    }
    while (in.children() != 0) {
      co_await sleep_for(20us);
    }
  };
  co_await with_scope(body, {.room = 3});
}

task<> fails_later(stage_set& s, std::chrono::microseconds when) {
  const watched local(s);
  co_await sleep_for(when);
  throw std::runtime_error("a child's own");
}

task<> sibling_fails(stage_set& s) {
  family all;
  auto body = [&](scope& in) -> task<> {
    const parent_local local(s, all);
    in.spawn(fails_later(s, 35us));
    for (int i = 0; i < 6; ++i) {
      in.spawn(child(s, all, 20 * (i + 1)));
    }
    co_await sleep_for(1s);
  };
  co_await with_scope(body);
}

task<> produces(stage_set& s, channel<int>& to) {
  const watched local(s);
  for (int i = 0; i < 5; ++i) {
    const bool taken = co_await to.send(i);
    if (!taken) {
      co_return;
    }
  }
  to.close();
}

task<> exchange(stage_set& s) {
  channel<int> numbers(1);
  auto body = [&](scope& in) -> task<> {
    in.spawn(produces(s, numbers));
    while (auto n = co_await numbers.receive()) {
      s.took(1);
      co_await sleep_for(3us);
    }
    if (s.delivered < 5) {
      s.world.violation("a stop was taken for the end of a channel");
    }
  };
  co_await with_scope(body);
}

class turn {
public:
  explicit turn(semaphore& of) noexcept : of_(of) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() { of_.release(); }

private:
  semaphore& of_;
};

task<> takes_turns(stage_set& s, semaphore& turns) {
  const watched local(s);
  co_await turns.acquire();
  const turn held(turns);
  co_await sleep_for(10us);
  s.took(1);
}

task<> in_turn(stage_set& s) {
  semaphore turns(2);
  auto body = [&](scope& in) -> task<> {
    for (int i = 0; i < 5; ++i) {
      in.spawn(takes_turns(s, turns));
    }
    co_return;
  };
  co_await with_scope(body);
}

task<> sleeps(stage_set& s, std::chrono::microseconds time) {
  const watched local(s);
  co_await sleep_for(time);
  s.took(1);
}

task<> nested(stage_set& s, int depth) {
  const watched local(s);
  if (depth == 0) {
    co_await sleep_for(30us);
    co_return;
  }
  auto body = [&](scope& in) -> task<> {
    const watched here(s);
    in.spawn(sleeps(s, std::chrono::microseconds(5 * depth)));
    co_await nested(s, depth - 1);
  };
  co_await with_scope(body);
}
task<> nested_scopes(stage_set& s) { return nested(s, 6); }

task<> first_of_two(stage_set& s) {
  auto body = [&s](scope& in) -> task<> {
    in.spawn(sleeps(s, 5us));
    co_await when_any(sleeps(s, 10us), sleeps(s, 1s));
  };
  co_await with_scope(body);
  co_await when_all(sleeps(s, 5us), sleeps(s, 6us));
}

/// A part of the tree is stopped; the rest goes on.
task<> part_stopped(stage_set& s) {
  auto each = into<image_batch>(s);
  task<> rest =
      (files(pictures::paths(0, 4)) | read() | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(2)).for_each(each);
  auto ignore = [](const image_batch&) {};
  auto part = [&](scope& in) -> task<> {
    in.spawn((files(pictures::paths(0, 8)) | read() | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(2))
                 .for_each(ignore));
    co_await sleep_for(50us);
    in.request_stop();
  };
  task<> stopped = with_scope(part);
  co_await when_all(std::move(rest), std::move(stopped));
}

} // namespace

void add_structures(std::vector<scenario>& to) {
  constexpr ending done = ending::done;
  constexpr ending failed = ending::failed;
  to.insert(to.end(), {
                          {"children of a scope", {done, 6}, &children},
                          {"a sibling fails", {failed, 0}, &sibling_fails},
                          {"a channel between two", {done, 5}, &exchange},
                          {"a semaphore", {done, 5}, &in_turn},
                          {"nested scopes", {done, 6}, &nested_scopes},
                          {"the first of two, and both", {done, 4}, &first_of_two},
                          {"a part is stopped, the rest goes on", {done, 4, 2, true}, &part_stopped},
                      });
}

} // namespace weir::explore
