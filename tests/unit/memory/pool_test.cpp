#include <catch2/catch.hpp>

#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "loop/own.hpp"
#include "memory/poison.hpp"
#include "memory/pool.hpp"
#include "memory/system_resource.hpp"
#include "test_resource.hpp"

using namespace weir::memory;
namespace loop = weir::loop;

namespace {

struct request final : waiter {
  explicit request(std::uint64_t n, std::vector<request*>* log = nullptr) : order(log) { bytes = n; }
  void granted(lease m) noexcept override {
    memory = std::move(m);
    ++answers;
    if (order != nullptr) {
      order->push_back(this);
    }
  }
  std::vector<request*>* order;
  lease memory;
  int answers = 0;
};

// Takes turns until all that was posted has run.
struct turns {
  loop::own_loop inner;
  struct last final : loop::remote_node {
    explicit last(loop::own_loop& l) noexcept
        : remote_node([](remote_node& n) noexcept { static_cast<last&>(n).home.quit(); }), home(l) {}
    loop::own_loop& home;
  };
  void run_posted() {
    last node(inner);
    inner.post_remote(node);
    inner.run();
  }
};

lease take(pool& p, std::uint64_t bytes) {
  lease l;
  REQUIRE(p.try_acquire(bytes, l) == acquisition::granted);
  REQUIRE(l.size() == bytes);
  REQUIRE(reinterpret_cast<std::uintptr_t>(l.data()) % 64 == 0);
  return l;
}

} // namespace

TEST_CASE("a block is given out again, for requests down to four fifths of it, and nothing is allocated for that") {
  test_resource r;
  pool p(1 << 20, &r, nullptr);
  take(p, 100'000);
  const std::byte* const data = take(p, 100'000).data();
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(take(p, 85'000 + static_cast<unsigned>(i)).data() == data);
  }
  REQUIRE(r.allocations == 1);
  take(p, 60'000);
  REQUIRE(r.allocations == 2);
  REQUIRE(p.usage().in_use == 0);
}

TEST_CASE("the block released last is given out first, the one released first goes when room is needed") {
  test_resource r;
  pool p(4 * 4096, &r, nullptr);
  lease a = take(p, 4096);
  lease b = take(p, 4096);
  lease c = take(p, 4096);
  const std::byte* const data_b = b.data();
  const std::byte* const data_c = c.data();
  a.reset();
  c.reset();
  b.reset();
  REQUIRE(p.usage().cached == 3 * 4096);
  lease large = take(p, 2 * 4096); // a goes
  REQUIRE(p.usage().cached == 2 * 4096);
  REQUIRE(r.bytes == 4 * 4096);
  lease first = take(p, 4096);
  lease second = take(p, 4096);
  REQUIRE(first.data() == data_b);
  REQUIRE(second.data() == data_c);
}

TEST_CASE("of blocks of different sizes that suit, the one released last is taken") {
  for (std::uint64_t last : {4096U, 4608U}) {
    pool p(1 << 20, nullptr, nullptr);
    lease other = take(p, last == 4096 ? 4608 : 4096);
    lease latest = take(p, last);
    const std::byte* const data = latest.data();
    other.reset();
    latest.reset();
    REQUIRE(take(p, 4000).data() == data);
  }
}

#ifdef WEIR_ADDRESS_SANITIZER
TEST_CASE("nobody can touch a block that is released, until it is leased again") {
  pool p(1 << 20, nullptr, nullptr);
  lease l = take(p, 4096);
  std::byte* const data = l.data();
  l.reset();
  REQUIRE(p.usage().cached == 4096); // the loop has taken it back
  REQUIRE(__asan_address_is_poisoned(data) != 0);
  l = take(p, 4096);
  REQUIRE(l.data() == data);
  REQUIRE(__asan_address_is_poisoned(data) == 0);
  REQUIRE(__asan_address_is_poisoned(data + 4095) == 0);
}
#endif

TEST_CASE("whatever sizes are asked for, what is obtained never exceeds the budget, and the content of a lease is its own") {
  test_resource r;
  {
    constexpr std::uint64_t budget = 300'001;
    pool p(budget, &r, nullptr);
    std::mt19937 random(9);
    std::vector<lease> leases;
    for (int i = 0; i < 30'000; ++i) {
      if (random() % 2 == 0 && !leases.empty()) {
        const std::size_t k = random() % leases.size();
        const auto mark = static_cast<unsigned char>(leases[k].size());
        REQUIRE(static_cast<unsigned char>(leases[k].span().back()) == mark);
        REQUIRE(static_cast<unsigned char>(leases[k].span().front()) == mark);
        leases[k] = std::move(leases.back());
        leases.pop_back();
      } else {
        const std::uint64_t bytes = 1 + random() % (1U << (random() % 19));
        lease l;
        const acquisition answer = p.try_acquire(bytes, l);
        REQUIRE((answer == acquisition::never) == (bytes > budget));
        if (answer == acquisition::granted) {
          std::memset(l.data(), static_cast<int>(bytes & 0xff), l.size());
          leases.push_back(std::move(l));
        } else {
          leases.resize(leases.size() / 2);
        }
      }
      const pool_usage u = p.usage();
      REQUIRE(u.in_use + u.cached == r.bytes);
      REQUIRE(u.leases == leases.size());
    }
    REQUIRE(r.most_bytes <= budget);
    REQUIRE(p.usage().high_water == r.most_bytes);
  }
  REQUIRE(r.bytes == 0);
}

TEST_CASE("a request of the whole budget is granted, one byte more is refused") {
  for (std::uint64_t budget : {1ULL, 300ULL, 70'001ULL, 1'000'000ULL}) {
    test_resource r;
    pool p(budget, &r, nullptr);
    lease l;
    REQUIRE(p.try_acquire(budget + 1, l) == acquisition::never);
    REQUIRE(p.try_acquire(budget, l) == acquisition::granted);
    REQUIRE(r.bytes == budget);
  }
}

TEST_CASE("requests are granted in order, from the loop, a small one never before a large one, an urgent one first") {
  turns l;
  std::vector<request*> order;
  pool p(10'240, nullptr, &l.inner);
  lease held = take(p, 8192);
  request large(8192, &order);
  request small(256, &order);
  request later(256, &order);
  request urgent(4096, &order);
  p.enqueue(large);
  p.enqueue(small);
  p.enqueue(later);
  lease other;
  REQUIRE(p.try_acquire(256, other) == acquisition::must_wait); // there is room, but others wait ahead
  REQUIRE(p.try_acquire(256, other, true) == acquisition::granted);
  other.reset();
  l.run_posted();
  REQUIRE(order.empty());
  p.enqueue(urgent, true);
  held.reset();
  REQUIRE(order.empty()); // not from inside the release
  l.run_posted();
  REQUIRE(order == std::vector{&urgent});
  p.make_urgent(later);
  l.run_posted();
  REQUIRE(order == std::vector{&urgent, &later});
  urgent.memory.reset();
  l.run_posted();
  REQUIRE(order == std::vector{&urgent, &later, &large, &small});
  REQUIRE(p.usage().waiting == 0);
}

TEST_CASE("a grant is never made inside the enqueue, even if there is room") {
  turns l;
  pool p(4096, nullptr, &l.inner);
  request r(4096);
  p.enqueue(r);
  REQUIRE(r.answers == 0);
  l.run_posted();
  REQUIRE(r.answers == 1);
}

TEST_CASE("a waiter that leaves lets the ones behind it go, and is never answered") {
  turns l;
  pool p(4096, nullptr, &l.inner);
  lease held = take(p, 2048);
  request large(4096);
  request small(1024);
  p.enqueue(large);
  p.enqueue(small);
  p.remove(large);
  p.remove(large);
  l.run_posted();
  REQUIRE(large.answers == 0);
  REQUIRE(small.answers == 1);
}

TEST_CASE("a request that could never fit is answered with nothing when its turn comes, and the others go on") {
  turns l;
  pool p(4096, nullptr, &l.inner);
  request never(5000);
  request fits(4096);
  p.enqueue(never);
  p.enqueue(fits);
  l.run_posted();
  REQUIRE(never.answers == 1);
  REQUIRE_FALSE(never.memory);
  REQUIRE(fits.memory);
}

TEST_CASE("where the resource has no memory the cached blocks are given back before that is an answer") {
  turns l;
  test_resource r;
  pool p(100'000, &r, &l.inner);
  take(p, 30'000);
  r.fail_after = 0;
  lease m;
  REQUIRE(p.try_acquire(60'000, m) == acquisition::out_of_memory);
  REQUIRE(r.bytes == 0);
  request waits(60'000);
  p.enqueue(waits);
  l.run_posted();
  REQUIRE(waits.answers == 1);
  REQUIRE_FALSE(waits.memory);
  REQUIRE(p.usage().in_use == 0);
  r.fail_after = -1;
  take(p, 60'000);
}

TEST_CASE("a block goes back when the last of its shares is gone, and an audit knows which ones the user holds") {
  pool p(100'000, nullptr, nullptr);
  lease batch = take(p, 10'000);
  lease image = batch.share();
  lease other = take(p, 10'000);
  REQUIRE(p.usage().leases == 2);
  REQUIRE(image.data() == batch.data());
  image.hold_by_user();
  batch.hold_by_user();
  REQUIRE(p.usage().held_by_user == 1);
  batch = lease();
  REQUIRE(p.usage().held_by_user == 1);
  image.reset();
  REQUIRE(p.usage().held_by_user == 0);
  REQUIRE(p.usage().leases == 1);
  lease moved = std::move(other);
  REQUIRE_FALSE(other);
  moved = moved.share();
  REQUIRE(p.usage().leases == 1);
}

TEST_CASE("leases released on three threads reach those who wait, all of them, under load") {
  constexpr int rounds = 20'000;
  loop::own_loop l;
  pool p(6 * 4096, nullptr, &l);
  struct hand {
    std::atomic<lease*> slot{nullptr};
  };
  std::vector<hand> hands(3);
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (hand& h : hands) {
    threads.emplace_back([&] {
      while (!over) {
        if (lease* mine = h.slot.exchange(nullptr)) {
          std::memset(mine->data(), 1, 64);
          delete mine;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  struct customer final : waiter {
    void granted(lease m) noexcept override { then(std::move(m)); }
    std::function<void(lease)> then;
  };
  std::deque<customer> customers(8);
  int left = rounds;
  std::size_t next = 0;
  for (customer& c : customers) {
    c.bytes = 4096;
    c.then = [&](lease m) {
      std::memset(m.data(), 2, 64);
      auto* given = new lease(std::move(m));
      delete hands[next++ % hands.size()].slot.exchange(given); // or it goes here
      if (--left == 0) {
        l.quit();
      } else if (left > 0) {
        p.enqueue(c);
      }
    };
    p.enqueue(c);
  }
  l.run();
  over = true;
  for (std::thread& t : threads) {
    t.join();
  }
  for (hand& h : hands) {
    delete h.slot.load();
  }
  for (customer& c : customers) {
    p.remove(c);
  }
  REQUIRE(p.usage().leases == 0);
  REQUIRE(p.usage().in_use == 0);
  l.close([](void*) noexcept {}, nullptr); // a grant may still be posted
}

TEST_CASE("leases outlive their pool and its loop, and give their blocks back from any thread, while the pool closes too") {
  test_resource r;
  for (int i = 0; i < 300; ++i) {
    auto l = std::make_unique<loop::own_loop>();
    auto p = std::make_unique<pool>(1 << 20, &r, l.get());
    std::vector<lease> mine;
    std::vector<lease> theirs;
    for (int k = 0; k < 6; ++k) {
      mine.push_back(take(*p, 3000));
      theirs.push_back(mine.back().share());
      theirs.push_back(take(*p, 5000));
    }
    request waits(1 << 20);
    p->enqueue(waits);
    std::atomic<bool> go{false};
    std::thread other([&] {
      go.wait(false);
      theirs.clear();
    });
    go = true;
    go.notify_one();
    mine.resize(3);
    p->remove(waits);
    p.reset();
    l->close([](void*) noexcept {}, nullptr);
    l.reset();
    mine.clear();
    other.join();
    REQUIRE(r.bytes == 0);
  }
}

TEST_CASE("large blocks are the kernel's own pages, and go back to it at once") {
  system_resource r;
  void* p = r.allocate(1 << 20, 64);
  std::memset(p, 1, 1 << 20);
  r.deallocate(p, 1 << 20, 64);
  void* small = r.allocate(100, 64);
  REQUIRE(reinterpret_cast<std::uintptr_t>(small) % 64 == 0);
  r.deallocate(small, 100, 64);
  REQUIRE_THROWS_AS(r.allocate(std::size_t{1} << 62, 64), std::bad_alloc);
  REQUIRE(r.is_equal(system_resource()));
}
