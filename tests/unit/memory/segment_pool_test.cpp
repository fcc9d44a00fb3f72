#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

#include "memory/segment_pool.hpp"
#include "test_resource.hpp"

using namespace weir::memory;

namespace {

struct still_context final : weir::detail::context {
  [[nodiscard]] weir::detail::time_point now() const noexcept override { return {}; }
};

struct file final : segment_waiter {
  explicit file(std::uint32_t n, std::vector<file*>* log = nullptr) : order(log) { count = n; }
  void granted(segment* c) noexcept override {
    chain = c;
    ++answers;
    if (order != nullptr) {
      order->push_back(this);
    }
  }
  std::vector<file*>* order;
  segment* chain = nullptr;
  int answers = 0;
};

std::uint32_t length(const segment* s) {
  std::uint32_t n = 0;
  for (; s != nullptr; s = s->next) {
    ++n;
  }
  return n;
}

} // namespace

TEST_CASE("segments are made on demand, the one released last is given out first, and steady use allocates nothing") {
  still_context c;
  test_resource r;
  {
    segment_pool p(8 * segment_bytes, &r, c);
    REQUIRE(r.allocations == 0);
    segment* a = nullptr;
    segment* b = nullptr;
    REQUIRE(p.try_acquire(1, a) == acquisition::granted);
    REQUIRE(p.try_acquire(3, b) == acquisition::granted);
    REQUIRE(length(b) == 3);
    std::memset(a->data, 1, a->capacity);
    a->used = 17;
    std::byte* const hot = a->data;
    p.release(b);
    p.release(a);
    const int before = r.allocations;
    for (int i = 0; i < 100; ++i) {
      REQUIRE(p.try_acquire(1, a) == acquisition::granted);
      REQUIRE(a->data == hot);
      REQUIRE(a->used == 0);
      REQUIRE(a->next == nullptr);
      p.release(a);
    }
    REQUIRE(r.allocations == before);
    REQUIRE(p.usage().cached == 4 * segment_bytes);
  }
  REQUIRE(r.bytes == 0);
}

TEST_CASE("files wait in order: a small one never overtakes a large one, and the grant comes from the loop") {
  still_context c;
  std::vector<file*> order;
  segment_pool p(4 * segment_bytes, nullptr, c);
  segment* held = nullptr;
  REQUIRE(p.try_acquire(3, held) == acquisition::granted);
  file large(3, &order);
  file small(1, &order);
  file urgent(2, &order);
  p.enqueue(large);
  p.enqueue(small);
  segment* other = nullptr;
  REQUIRE(p.try_acquire(1, other) == acquisition::must_wait); // there is room, but two wait ahead
  c.run_ready(10);
  REQUIRE(order.empty());
  p.enqueue(urgent, true);
  p.release(held);
  REQUIRE(order.empty()); // not from inside the release
  c.run_ready(10);
  REQUIRE(order == std::vector{&urgent});
  p.release(urgent.chain);
  c.run_ready(10);
  REQUIRE(order == std::vector{&urgent, &large, &small});
  REQUIRE(length(large.chain) == 3);
  p.release(large.chain);
  p.release(small.chain);
}

TEST_CASE("a file that leaves the queue lets the ones behind it go, and is never answered") {
  still_context c;
  segment_pool p(2 * segment_bytes, nullptr, c);
  segment* held = nullptr;
  REQUIRE(p.try_acquire(1, held) == acquisition::granted);
  file large(2);
  file small(1);
  p.enqueue(large);
  p.enqueue(small);
  p.remove(large);
  p.remove(large);
  c.run_ready(10);
  REQUIRE(large.answers == 0);
  REQUIRE(length(small.chain) == 1);
  p.release(small.chain);
  p.release(held);
}

TEST_CASE("the oldest file goes beyond the budget, before all who wait; far above it, what it took goes back to the resource") {
  still_context c;
  test_resource r;
  segment_pool p(2 * segment_bytes, &r, c);
  segment* whole = nullptr;
  segment* more = nullptr;
  REQUIRE(p.try_acquire(2, whole) == acquisition::granted);
  file waits(1);
  p.enqueue(waits);
  REQUIRE(p.force(10, more) == acquisition::granted);
  REQUIRE(p.usage().high_water == 12 * segment_bytes);
  p.release(more);
  REQUIRE(r.bytes == 8 * segment_bytes);
  c.run_ready(10);
  REQUIRE(waits.answers == 0);
  p.release(whole);
  c.run_ready(10);
  REQUIRE(waits.answers == 1);
  p.release(waits.chain);
  REQUIRE(p.usage().in_use == 0);
}

TEST_CASE("what is kept above the budget goes back to the resource with the requests that follow, and not with a release") {
  still_context c;
  test_resource r;
  segment_pool p(2 * segment_bytes, &r, c);
  segment* large = nullptr;
  REQUIRE(p.force(7, large) == acquisition::granted);
  p.release(large);
  REQUIRE(r.bytes == 7 * segment_bytes);
  for (int left : {5, 3, 2, 2}) {
    segment* small = nullptr;
    REQUIRE(p.try_acquire(1, small) == acquisition::granted);
    REQUIRE(r.bytes == left * segment_bytes);
    p.release(small);
  }
  REQUIRE(p.usage().cached == 2 * segment_bytes);
}

TEST_CASE("a request above the budget is refused at once, or when its turn comes, and the others go on") {
  still_context c;
  segment_pool p(1, nullptr, c); // one segment at least
  segment* s = nullptr;
  REQUIRE(p.usage().budget == segment_bytes);
  REQUIRE(p.try_acquire(2, s) == acquisition::never);
  file never(2);
  file fits(1);
  p.enqueue(never);
  p.enqueue(fits);
  c.run_ready(10);
  REQUIRE(never.answers == 1);
  REQUIRE(never.chain == nullptr);
  REQUIRE(length(fits.chain) == 1);
  p.release(fits.chain);
}

TEST_CASE("a resource without memory is an answer, and nothing is kept of a chain that was begun") {
  still_context c;
  test_resource r;
  segment_pool p(8 * segment_bytes, &r, c);
  segment* s = nullptr;
  r.fail_after = 2;
  REQUIRE(p.try_acquire(3, s) == acquisition::out_of_memory);
  REQUIRE(p.usage().in_use == 0);
  REQUIRE(p.usage().cached == 2 * segment_bytes);
  file waits(3);
  p.enqueue(waits);
  c.run_ready(10);
  REQUIRE(waits.answers == 1);
  REQUIRE(waits.chain == nullptr);
  r.fail_after = -1;
  REQUIRE(p.try_acquire(3, s) == acquisition::granted);
  p.release(s);
}

TEST_CASE("a segment pool may end while a grant is posted that nobody waits for any more") {
  still_context c;
  {
    segment_pool p(segment_bytes, nullptr, c);
    file f(1);
    p.enqueue(f);
    p.remove(f);
    REQUIRE(c.has_ready());
  }
  REQUIRE_FALSE(c.has_ready());
}
