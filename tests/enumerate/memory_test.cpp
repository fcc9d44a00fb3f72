// src/memory/pool_core.cpp: a block that is released on another thread.
#include "exploring.hpp"

#include <memory>
#include <memory_resource>
#include <optional>

#include "loop/own.hpp"
#include "memory/pool.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::limits;
using enumerate::plant;
using enumerate::require;

namespace {

constexpr std::uint64_t budget = 4096;

class counting final : public std::pmr::memory_resource {
public:
  int out = 0;

private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    ++out;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override {
    --out;
    std::pmr::new_delete_resource()->deallocate(p, bytes, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

struct waits final : memory::waiter {
  void granted(memory::lease memory) noexcept override {
    require(static_cast<bool>(memory), "there is memory for whoever waits");
    got = std::move(memory);
    home->quit();
  }
  memory::lease got;
  loop::own_loop* home = nullptr;
};

struct state {
  counting resource;
  loop::own_loop home;
  std::optional<memory::pool> pool;
  memory::lease leases[2];
  waits waiting;
  enumerate::cell<int> contents[2]; // of the leased blocks, as far as it matters who touched them last

  explicit state(int count) {
    pool.emplace(budget, &resource, &home);
    waiting.home = &home;
    waiting.bytes = budget / static_cast<unsigned>(count);
    for (int i = 0; i < count; ++i) {
      require(pool->try_acquire(waiting.bytes, leases[i]) == memory::acquisition::granted, "there is room at first");
    }
    for (auto& c : contents) {
      c.set(0);
    }
  }
  void end() {
    waiting.got.reset();
    pool.reset();
    home.close([](void*) noexcept {}, nullptr);
  }
};

/// The whole budget is leased, as one block or as two, and given up on other threads, while the loop comes to wait for it.
enumerate::scenario waits_for(int leases) {
  return [=](execution& e) {
    auto s = std::make_shared<state>(leases);
    s->waiting.bytes = budget;
    e.thread("loop", [=] {
      if (s->pool->try_acquire(budget, s->waiting.got) != memory::acquisition::granted) {
        s->pool->enqueue(s->waiting);
        s->home.run();
      }
      for (int i = 0; i < leases; ++i) {
        s->contents[i].set(2);
      }
      require(s->pool->usage().leases == 1, "one lease is out");
      s->end();
    });
    for (int i = 0; i < leases; ++i) {
      e.thread(i == 0 ? "user" : "another", [=] {
        s->contents[i].set(1);
        s->leases[i].reset();
      });
    }
    e.afterwards([s] { require(s->resource.out == 0, "every block is back with the resource"); });
  };
}

/// The pool ends while two leases, or two shares of one, are given up on two threads.
enumerate::scenario ends_under_leases(bool shared) {
  return [=](execution& e) {
    auto s = std::make_shared<state>(shared ? 1 : 2);
    if (shared) {
      s->leases[1] = s->leases[0].share();
    }
    e.thread("loop", [s] { s->end(); });
    e.thread("user", [s] { s->leases[0].reset(); });
    e.thread("another", [s] { s->leases[1].reset(); });
    e.afterwards([s] { require(s->resource.out == 0, "every block is back with the resource"); });
  };
}

/// A waiter is taken out of the queue, and the pool ends, while the release posts a grant for it.
void gives_up_waiting(execution& e) {
  auto s = std::make_shared<state>(1);
  e.thread("loop", [s] {
    s->pool->enqueue(s->waiting);
    s->pool->remove(s->waiting);
    s->end();
  });
  e.thread("user", [s] { s->leases[0].reset(); });
  e.afterwards([s] {
    require(!s->waiting.got, "nobody is granted what it no longer waits for");
    require(s->resource.out == 0, "every block is back with the resource");
  });
}

} // namespace

TEST_CASE("whoever waits for a block gets it when it is released on another thread, whatever moment that comes at") {
  check_all(waits_for(1), {.preemptions = 3, .surprises = 1});
  check_all(waits_for(2), {.preemptions = 2, .surprises = 1});
}

TEST_CASE("a pool that ends while its last leases are given up leaves no block behind") {
  check_all(ends_under_leases(false), {.preemptions = 3, .surprises = 1});
  check_all(ends_under_leases(true), {.preemptions = 3, .surprises = 1});
}

TEST_CASE("a waiter that leaves, and a pool that ends, while a grant is posted, are told nothing and leave nothing") {
  check_all(gives_up_waiting, {.preemptions = 3, .surprises = 1});
}

TEST_CASE("a release that doesn't look for waiters, and a look or an announcement out of order, leave a waiter asleep") {
  check_found(waits_for(1), plant::skip(action::load, "pool_core::give_back"), lost_wake);
  check_found(waits_for(1), plant::weaken(action::load, "pool_core::give_back"), lost_wake);
  check_found(waits_for(1), plant::weaken(action::store, "pool_core::enqueue"), lost_wake);
  check_found(waits_for(1), plant::skip(action::store, "pool_core::enqueue"), lost_wake);
  check_found(waits_for(1), plant::weaken(action::load, "pool_core::take_returned"), lost_wake);
}

TEST_CASE("a block whose content the next owner touches before the last one let go is found as a data race") {
  check_found(waits_for(1), plant::weaken(action::change, "pool_core::give_back"), race);
  check_found(waits_for(2), plant::weaken(action::change, "pool_core::take_returned"), race);
}

TEST_CASE("a pool that doesn't say in time that it is closed leaves a block behind") {
  check_found(ends_under_leases(false), plant::weaken(action::store, "pool_core::close"), "every block is back",
              {.preemptions = 2, .surprises = 2}); // both have to miss it: who sees it takes the other's block along
  check_found(ends_under_leases(false), plant::skip(action::load, "pool_core::give_back"), "every block is back");
}
