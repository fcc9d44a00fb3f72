#include "delivered.hpp"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace weir::test;
using namespace weir::literals;

namespace {

weir::pipeline<weir::image> images_of(const picture_set& set) {
  return weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3});
}

weir::async_generator<int> first_of(weir::stage_input<int> in, std::size_t n) {
  for (; n != 0; --n) {
    auto v = co_await in.next();
    if (!v) {
      co_return;
    }
    co_yield *v;
  }
}

void require_fails_with(const weir::outcome<>& o, const std::string& what) {
  REQUIRE(o.failed());
  CHECK_THROWS_WITH(std::rethrow_exception(o.error()), what);
}

} // namespace

TEST_CASE("a consumer that pulls by hand may stop pulling; all that was begun has ended then") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(100));
  weir::runtime rt{{.workers = 2}};
  std::vector<std::uint64_t> seen;
  auto body = [&](weir::stream<weir::image_batch>& s) -> weir::task<> {
    while (auto b = co_await s.next()) {
      seen.push_back((*b)[0].index());
      if (seen.size() == 3) {
        break;
      }
    }
  };
  for (int prefetched = 0; prefetched < 2; ++prefetched) {
    seen.clear();
    auto p = images_of(set) | weir::batched(4);
    REQUIRE(rt.run(weir::with_stream(prefetched == 0 ? std::move(p) : std::move(p) | weir::prefetch(2), body)).done());
    CHECK(seen == std::vector<std::uint64_t>{0, 4, 8});
    require_nothing_alive(rt);
  }
}

TEST_CASE("after close() a stream has ended, nothing runs ahead any more, and closing again does nothing") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(100));
  weir::runtime rt{{.workers = 2}};
  auto body = [&](weir::stream<weir::image>& s) -> weir::task<> {
    auto first = co_await s.next();
    CHECK(first.has_value());
    co_await s.close();
    CHECK(rt.audit().jobs == 0);
    CHECK(rt.audit().operations == 0);
    auto after = co_await s.next();
    CHECK_FALSE(after.has_value());
    auto item = co_await s.next_item();
    CHECK_FALSE(item.has_value());
    co_await s.close();
  };
  REQUIRE(rt.run(weir::with_stream(images_of(set), body)).done());
  require_nothing_alive(rt);
}

TEST_CASE("what a consumer throws ends the pipeline, and is its error") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(100));
  weir::runtime rt{{.workers = 2}};
  auto at_once = [](const weir::image_batch&) { throw std::runtime_error("enough"); };
  require_fails_with(rt.run((images_of(set) | weir::batched(4) | weir::prefetch(2)).for_each(at_once)), "enough");
  auto later = [](weir::image_batch b) -> weir::task<> {
    co_await weir::sleep_for(std::chrono::microseconds(100));
    if (b[0].index() == 8) {
      throw std::runtime_error("enough now");
    }
  };
  require_fails_with(rt.run((images_of(set) | weir::batched(4)).for_each(later)), "enough now");
  require_nothing_alive(rt);
}

TEST_CASE("what an observer of errors throws ends the pipeline, and is its error") {
  const watchdog limit;
  std::vector<entry> entries(50);
  entries[20].is = content::missing;
  const picture_set set(entries);
  const bool blank = GENERATE(false, true);
  weir::runtime rt{{.workers = 2}};
  auto observer = [](const weir::item_info&, const std::exception_ptr&) { throw std::runtime_error("can't even look"); };
  auto each = [](const weir::image_batch&) {};
  auto good = blank ? images_of(set) | weir::on_error(weir::blank_bad{}, observer)
                    : images_of(set) | weir::on_error(weir::skip_bad{}, observer);
  require_fails_with(rt.run((std::move(good) | weir::batched(4)).for_each(each)), "can't even look");
  require_nothing_alive(rt);
}

TEST_CASE("without a policy the first failure in order ends the pipeline, named") {
  const watchdog limit;
  std::vector<entry> entries(50);
  entries[20].is = content::broken_late;
  entries[30].is = content::missing;
  const picture_set set(entries);
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  const auto outcome = run_into(rt, images_of(set), got);
  REQUIRE(outcome.failed());
  CHECK_THROWS_WITH(std::rethrow_exception(outcome.error()), Catch::Contains("20.png: decode: "));
  CHECK(got.indices().size() == 20);
  require_nothing_alive(rt);
}

TEST_CASE("a consumer may catch a failure and go on pulling") {
  const watchdog limit;
  const picture_set set({{}, {content::missing}, {}});
  weir::runtime rt{{.workers = 2}};
  std::vector<std::uint64_t> seen;
  std::size_t failures = 0;
  auto body = [&](weir::stream<weir::image>& s) -> weir::task<> {
    for (bool more = true; more;) {
      try {
        auto im = co_await s.next();
        more = im.has_value();
        if (im) {
          seen.push_back(im->index());
        }
      } catch (const weir::error&) {
        ++failures;
      }
    }
  };
  REQUIRE(rt.run(weir::with_stream(images_of(set), body)).done());
  CHECK(seen == std::vector<std::uint64_t>{0, 2});
  CHECK(failures == 1);
  require_nothing_alive(rt);
}

TEST_CASE("a pipeline runs once") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(1));
  weir::runtime rt{{.workers = 1}};
  auto each = [](const weir::image&) {};
  auto p = images_of(set);
  REQUIRE(rt.run(std::move(p).for_each(each)).done());
  CHECK_THROWS_AS(std::move(p).for_each(each), std::logic_error);
  CHECK_THROWS_AS(std::move(p) | weir::batched(1), std::logic_error);
  auto moved_from = images_of(set);
  auto moved_to = std::move(moved_from);
  CHECK_THROWS_AS(std::move(moved_from).for_each(each), std::logic_error);
  REQUIRE(rt.run(std::move(moved_to).for_each(each)).done());
  require_nothing_alive(rt);
}

TEST_CASE("a stage that has a name can be used again, and does the same") {
  const watchdog limit;
  const picture_set set({{}, {content::missing}, {}, {}});
  weir::runtime rt{{.workers = 2}};
  const std::vector<int> table{10, 20, 30};
  int sum = 0;
  int told = 0;
  int seen = 0;
  std::atomic<int> looked{0};
  auto add = [&](int v) { sum += v; };
  auto see = [&](const weir::image&) { ++seen; };
  auto look_up = weir::transform([table](int i) { return table.empty() ? -1 : table[static_cast<std::size_t>(i)]; });
  auto look = weir::inspect([table, &looked](int) { looked += static_cast<int>(table.size()); });
  auto not_first = weir::filter([table](int v) { return table.empty() || v != table[0]; });
  auto as_they_are = weir::through([table](auto in) { return first_of(std::move(in), table.size()); });
  auto skipped = weir::on_error(weir::skip_bad{}, [&](const weir::item_info&, const std::exception_ptr&) { ++told; });
  auto blanked = weir::on_error(weir::blank_bad{}, [&](const weir::item_info&, const std::exception_ptr&) { ++told; });
  for (int pass = 1; pass <= 2; ++pass) {
    auto numbers = weir::range(std::vector<int>{0, 1, 2}) | look_up | look | not_first | as_they_are;
    REQUIRE(rt.run(std::move(numbers).for_each(add)).done());
    CHECK(sum == 50 * pass);
    CHECK(looked == 9 * pass);
    REQUIRE(rt.run((images_of(set) | skipped).for_each(see)).done());
    REQUIRE(rt.run((images_of(set) | blanked).for_each(see)).done());
    CHECK(told == 2 * pass);
    CHECK(seen == 7 * pass);
  }
  require_nothing_alive(rt);
}

TEST_CASE("a pipeline that never runs leaves nothing") {
  const picture_set set(std::vector<entry>(2));
  { const auto p = images_of(set) | weir::batched(2) | weir::prefetch(1); }
  weir::runtime rt{{.workers = 1}};
  auto each = [](const weir::image&) {};
  { const auto t = images_of(set).for_each(each); }
  require_nothing_alive(rt);
}

TEST_CASE("images and batches live on when their runtime is gone, on whatever thread they end") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  const picture_set set(std::vector<entry>(10));
  std::vector<weir::image_batch> batches;
  std::vector<weir::image> images;
  {
    weir::runtime rt{{.workers = 2}};
    auto keep_batch = [&](weir::image_batch b) { batches.push_back(std::move(b)); };
    REQUIRE(rt.run((images_of(set) | weir::batched(4, {.shapes = how})).for_each(keep_batch)).done());
    auto keep_image = [&](weir::image im) { images.push_back(std::move(im)); };
    REQUIRE(rt.run(images_of(set).for_each(keep_image)).done());
    CHECK(rt.audit().leases == 0); // they are the user's now
    CHECK(rt.audit().held_by_user == 10 + (how == weir::shapes::ragged ? 10 : 3));
  }
  std::size_t looked_at = 0;
  for (const weir::image_batch& b : batches) {
    for (const weir::image& im : b) {
      CHECK(shows(im, im.index()));
      CHECK(im.origin() == set.paths()[im.index()]);
      ++looked_at;
    }
  }
  for (const weir::image& im : images) {
    CHECK(shows(im, im.index()));
  }
  CHECK(looked_at == 10);
  std::thread elsewhere([&] {
    batches.clear();
    images.clear();
  });
  elsewhere.join();
}

TEST_CASE("images that a stage of the user's keeps count as the user's") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(5));
  std::vector<weir::image> kept;
  weir::runtime rt{{.workers = 2}};
  auto keep = [&](weir::image im) -> weir::task<int> {
    kept.push_back(std::move(im));
    co_return 1;
  };
  int sum = 0;
  auto each = [&](int n) { sum += n; };
  REQUIRE(rt.run((images_of(set) | weir::transform(keep)).for_each(each)).done());
  CHECK(sum == 5);
  CHECK(rt.audit().leases == 0);
  CHECK(rt.audit().held_by_user == 5);
  kept.clear();
  require_nothing_alive(rt);
}

TEST_CASE("several pipelines in one runtime share its memory, and each delivers its own") {
  const watchdog limit;
  const picture_set a(std::vector<entry>(40));
  const picture_set b(std::vector<entry>(40, entry{content::good, 8, 8}));
  weir::runtime rt{{.workers = 3, .memory = 4096}};
  delivered from_a(a);
  delivered from_b(b);
  auto take_a = [&](weir::image_batch batch) { from_a.take(std::move(batch)); };
  auto take_b = [&](weir::image_batch batch) { from_b.take(std::move(batch)); };
  auto run_a = [&]() -> weir::task<> { co_await (images_of(a) | weir::batched(4)).for_each(take_a); };
  auto run_b = [&]() -> weir::task<> {
    co_await (images_of(b) | weir::batched(4, {.shapes = weir::shapes::ragged})).for_each(take_b);
  };
  auto body = [&](weir::scope& s) -> weir::task<> {
    s.spawn(run_a);
    s.spawn(run_b);
    co_return;
  };
  auto both = weir::with_scope(body);
  REQUIRE(rt.run(std::move(both)).done());
  CHECK(from_a.indices().size() == 40);
  CHECK(from_b.indices().size() == 40);
  require_nothing_alive(rt);
}
