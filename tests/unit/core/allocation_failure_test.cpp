#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "programs.hpp"
#include "virtual_loop.hpp"

// ThreadSanitizer has an operator new of its own, which can't be replaced.
#if defined(__SANITIZE_THREAD__)
#define WEIR_NEW_IS_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_NEW_IS_TAKEN 1
#endif
#endif
#ifndef WEIR_NEW_IS_TAKEN

using namespace weir;
using namespace weir::test;

namespace {

long allocations_left = -1; // until one fails; negative: none does
long blocks_out = 0;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations_left == 0) {
    throw std::bad_alloc();
  }
  allocations_left -= allocations_left > 0 ? 1 : 0;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const p =
      alignment <= alignof(std::max_align_t) ? std::malloc(bytes != 0 ? bytes : 1) : std::aligned_alloc(alignment, whole);
  if (p == nullptr) {
    throw std::bad_alloc();
  }
  ++blocks_out;
  return p;
}

void release(void* p) noexcept {
  if (p != nullptr) {
    --blocks_out;
    std::free(p);
  }
}

/// From the k-th allocation on, all fail.
class failing_from {
public:
  explicit failing_from(long k) noexcept { allocations_left = k; }
  failing_from(const failing_from&) = delete;
  failing_from& operator=(const failing_from&) = delete;
  ~failing_from() { allocations_left = -1; }
};

bool has_failed() noexcept { return allocations_left == 0; }

/// Every frame is a block of the heap's.
class without_recycler {
public:
  without_recycler() noexcept : before_(detail::frame_recycler::exchange_current(nullptr)) {}
  without_recycler(const without_recycler&) = delete;
  without_recycler& operator=(const without_recycler&) = delete;
  ~without_recycler() { detail::frame_recycler::exchange_current(before_); }

private:
  detail::frame_recycler* before_;
};

struct outcome {
  bool value = false;
  bool out_of_memory = false;
  bool other = false;
};

outcome run(const program& p, virtual_loop& loop, int& live, long k, int stop_after, bool& hit) {
  const without_recycler heap;
  outcome o;
  const failing_from failing(k);
  hit = true;
  try {
    root r(loop, p.run(live));
    for (int i = 0; i < stop_after && loop.turn(); ++i) {
    }
    r.request_stop();
    loop.drain();
    hit = has_failed();
    allocations_left = -1;
    o.other = !r.ended();
    if (r.ended() && !r.stopped()) {
      o.value = r.take() == programs_value;
      o.other = !o.value;
    }
  } catch (const std::bad_alloc&) {
    o.out_of_memory = true;
  } catch (...) {
    o.other = true;
  }
  return o;
}

} // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, 1); }
void* operator new[](std::size_t bytes) { return allocate(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t a) { return allocate(bytes, static_cast<std::size_t>(a)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return allocate(bytes, 1);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& t) noexcept { return ::operator new(bytes, t); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }

TEST_CASE("a program in which memory runs out at any allocation gives its value or bad_alloc, and leaves nothing behind") {
  constexpr int never = 1'000'000;
  for (const program& p : programs) {
    INFO(p.name);
    int failed = 0;
    bool hit = true;
    for (long k = 0; hit; ++k) {
      INFO("allocation " << k);
      int live = 0;
      virtual_loop loop;
      const long before = blocks_out;
      const outcome o = run(p, loop, live, k, never, hit);
      REQUIRE(blocks_out == before);
      REQUIRE_FALSE(o.other);
      REQUIRE((o.value || o.out_of_memory));
      failed += o.out_of_memory ? 1 : 0;
      REQUIRE(live == 0);
    }
    REQUIRE(failed > 2);
  }
}

TEST_CASE("the same with a stop at any step") {
  for (const program& p : programs) {
    INFO(p.name);
    bool hit = true;
    for (long k = 0; hit; ++k) {
      for (int step = 0; step < 40; step += 3) {
        INFO("allocation " << k << ", stopped after step " << step);
        int live = 0;
        virtual_loop loop;
        const long before = blocks_out;
        const outcome o = run(p, loop, live, k, step, hit);
        REQUIRE(blocks_out == before);
        REQUIRE_FALSE(o.other);
        REQUIRE(live == 0);
      }
    }
  }
}
#endif
