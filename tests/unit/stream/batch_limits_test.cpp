#include "delivered.hpp"

#include <map>
#include <memory_resource>
#include <mutex>
#include <random>
#include <vector>

using namespace weir::test;
using namespace weir::literals;

TEST_CASE("a budget that can't hold one batch fails the run with the two numbers") {
  const watchdog limit;
  const picture_set set({{}, {}, {}, {}});
  weir::runtime rt{{.workers = 2, .memory = 4 * 768 - 1}};
  delivered got(set);
  const auto outcome =
      run_into(rt, weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::batched(4), got);
  REQUIRE(outcome.failed());
  try {
    std::rethrow_exception(outcome.error());
  } catch (const weir::budget_error& e) {
    CHECK(e.needed() == 4 * 768);
    CHECK(e.budget() == 4 * 768 - 1);
  }
  require_nothing_alive(rt);
}

TEST_CASE("a batch of no images can't be asked for") { CHECK_THROWS_AS(weir::batched(0), std::invalid_argument); }

TEST_CASE("skip has limits, as a count and as a rate") {
  const watchdog limit;
  std::vector<entry> entries(20);
  entries[3].is = entries[7].is = entries[11].is = content::missing;
  const picture_set set(entries);
  weir::runtime rt{{.workers = 2}};
  auto run = [&](const weir::skip_bad& limits) {
    delivered got(set);
    return run_into(rt,
                    weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::on_error(limits) |
                        weir::batched(4),
                    got);
  };
  CHECK(run({.max_count = 3}).done());
  const auto passed = run({.max_count = 2});
  REQUIRE(passed.failed()); // with the failure that is one too many
  CHECK_THROWS_WITH(std::rethrow_exception(passed.error()), Catch::Contains("11.png: open: "));
  CHECK(run({.max_rate = 0.25, .rate_after = 4}).done());
  CHECK(run({.max_rate = 0.2, .rate_after = 4}).failed());
  require_nothing_alive(rt);
}

namespace {

/// Knows how large each block is.
class measured_resource final : public std::pmr::memory_resource {
public:
  [[nodiscard]] bool holds(const std::byte* from, std::size_t bytes) {
    const std::lock_guard hold(lock_);
    const auto above = blocks_.upper_bound(from);
    return above != blocks_.begin() && from + bytes <= std::prev(above)->first + std::prev(above)->second;
  }

private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    const std::lock_guard hold(lock_);
    auto* const p = static_cast<std::byte*>(::operator new(bytes, std::align_val_t(alignment)));
    blocks_[p] = bytes;
    return p;
  }
  void do_deallocate(void* p, std::size_t /*bytes*/, std::size_t alignment) override {
    const std::lock_guard hold(lock_);
    blocks_.erase(static_cast<const std::byte*>(p));
    ::operator delete(p, std::align_val_t(alignment));
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  std::mutex lock_;
  std::map<const std::byte*, std::size_t> blocks_;
};

} // namespace

TEST_CASE("a batch is within its memory, whatever room is left by the time that its group gets another block") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const std::uint32_t seed = GENERATE(range(0U, 8U));
  CAPTURE(seed);
  std::minstd_rand random(seed + 1);
  std::vector<entry> entries(150); // mostly of one shape: its group begins when no other has been seen
  for (entry& e : entries) {
    const unsigned which = static_cast<unsigned>(random()) % 12;
    e.width = e.height = which == 0 ? 16 : which == 1 ? 40 : 64;
  }
  const picture_set set(entries);
  measured_resource resource;
  weir::runtime rt{{.workers = 2, .memory = 1_MiB, .resource = &resource}};
  std::size_t images = 0;
  auto batches = weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}, o) |
                 weir::batched(32, {.shapes = weir::shapes::grouped});
  const auto outcome = rt.run(std::move(batches).for_each([&](weir::image_batch b) {
    images += b.size();
    CHECK(resource.holds(b.tensor().data, b.size() * b.tensor().shape.bytes()));
  }));
  REQUIRE(outcome.done());
  CHECK(images == 150);
  require_nothing_alive(rt);
}

TEST_CASE("a blank of another shape than its batch has nothing but zeros there") {
  const watchdog limit;
  const bool again = GENERATE(true, false); // else a stage lets the good ones overtake it
  const picture_set set({{content::missing}, {content::good, 100, 100}, {content::good, 100, 100}, {content::good, 100, 100}});
  weir::runtime rt{{.workers = 2, .memory = 1_MiB}};
  delivered got(set);
  auto later = [](weir::image im) -> weir::task<weir::image> {
    if (im.blank()) {
      co_await weir::sleep_for(std::chrono::milliseconds(50));
    }
    co_return im;
  };
  auto images = weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::on_error(weir::blank_bad{});
  const auto outcome =
      again ? run_into(rt, std::move(images) | weir::repeat(2) | weir::batched(4), got)
            : run_into(rt, std::move(images) | weir::transform(later, {.order = weir::order::completion}) | weir::batched(4),
                       got);
  REQUIRE(outcome.done());
  CHECK(got.indices().size() == (again ? 8 : 4));
  require_nothing_alive(rt);
}
