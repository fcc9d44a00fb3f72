// The heap fails at the k-th call, for every k, on every thread of the library's: a runtime that can't be made says so, a run
// ends as failed or passes over what failed, and nothing is left.
#include <catch2/catch.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "../../examples/cli/places.hpp"
#include "../unit/runtime/png_files.hpp"
#include "../unit/runtime/settings.hpp"

// ThreadSanitizer has an operator new of its own, which can't be replaced.
#if defined(__SANITIZE_THREAD__)
#define WEIR_NEW_IS_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_NEW_IS_TAKEN 1
#endif
#endif
#ifndef WEIR_NEW_IS_TAKEN

using namespace weir::test;
using namespace weir::literals;

namespace {

constexpr long never = -1;
std::atomic<long> calls_left{never}; // until one fails
std::atomic<long> failing{0};        // how many fail then, one after the other
std::atomic<long> failures{0};
std::atomic<long> blocks_out{0};

bool fails_now() noexcept {
  long left = calls_left.load();
  while (left > 0 && !calls_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 0) {
    return false;
  }
  if (failing.fetch_sub(1) > 0) {
    failures.fetch_add(1);
    return true;
  }
  calls_left.store(never);
  return false;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (fails_now()) {
    throw std::bad_alloc();
  }
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const p =
      alignment <= alignof(std::max_align_t) ? std::malloc(bytes != 0 ? bytes : 1) : std::aligned_alloc(alignment, whole);
  if (p == nullptr) {
    throw std::bad_alloc();
  }
  blocks_out.fetch_add(1);
  return p;
}

void release(void* p) noexcept {
  if (p != nullptr) {
    blocks_out.fetch_sub(1);
    std::free(p);
  }
}

void arm(long k, long how_many) noexcept {
  failures.store(0);
  failing.store(how_many);
  calls_left.store(k);
}
void disarm() noexcept { calls_left.store(never); }

enum class end { done, failed, not_made };

/// One life.
end life(setting s, const std::vector<std::string>& paths, std::uint64_t& images, std::uint64_t& errors) {
  cli::host h(s.hosted ? cli::loop_choice::uv : cli::loop_choice::own); // Catch's macros need memory: none before disarm()
  end e = end::not_made;
  try {
    weir::runtime rt({.workers = 2, .memory = 4_MiB, .loop = h.loop(), .engine = s.engine});
    auto note = [&](const weir::item_info&, const std::exception_ptr&) { ++errors; };
    auto streams = [&]() -> weir::task<> {
      auto batches = weir::files(paths) | weir::read() | weir::decode_png({.channels = 3}) |
                     weir::inspect([](const weir::image&) {}) | weir::on_error(weir::skip_bad{}, note) |
                     weir::batched(3, {.shapes = weir::shapes::ragged}) | weir::prefetch(2);
      auto take = [&](const weir::image_batch& b) { images += b.size(); };
      co_await std::move(batches).for_each(take);
    };
    weir::task<> work = streams();
    auto o = rt.run(std::move(work));
    disarm(); // what looks at the end may have memory
    const weir::audit_report a = rt.audit();
    CHECK(nothing_left(a));
    CHECK(a.held_by_user == 0);
    CHECK(rt.metrics().memory_in_use == 0);
    CHECK_FALSE(o.stopped());
    e = o.done() ? end::done : end::failed;
  } catch (const std::bad_alloc&) {
  }
  disarm();
  if (s.hosted) {
    uv_run(h.loop().loop, UV_RUN_DEFAULT); // the handles of a runtime that couldn't be made need turns to go
  }
  CHECK(h.close());
  return e;
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

TEST_CASE(
    "whichever allocation of a life fails, once or a few times, it ends with its value or an error, and nothing is left") {
  png_directory d;
  for (unsigned i = 0; i < 10; ++i) {
    d.png(30 + i * 5, 40);
  }
  d.file("no PNG");
  const setting s = GENERATE(from_settings());
  const long how_many = GENERATE(1L, 3L);
  CAPTURE(name_of(s), how_many);
  std::uint64_t images = 0;
  std::uint64_t errors = 0;
  REQUIRE(life(s, d.paths, images, errors) == end::done); // what is made once is there from then on
  REQUIRE(images == 10);
  REQUIRE(errors == 1);
  int ends[3] = {};
  // The first few hundred one by one, then in steps: a life takes some thousand.
  for (long k = 0;; k += k < 400 ? 1 : 1 + k / 100) {
    CAPTURE(k);
    images = errors = 0;
    const long before = blocks_out.load();
    arm(k, how_many);
    const end e = life(s, d.paths, images, errors);
    ++ends[static_cast<int>(e)];
    CHECK(blocks_out.load() == before);
    if (e == end::done) {
      CHECK(images + errors == 11);
    }
    if (failures.load() == 0) { // it came to its end before the k-th
      CHECK(images == 10);
      break;
    }
  }
  CHECK(ends[static_cast<int>(end::not_made)] > 0);
  CHECK(ends[static_cast<int>(end::failed)] > 0);
}

#endif
