#include "delivered.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

using namespace weir::test;
using namespace weir::literals;

namespace {

template<class T> std::vector<T> all_of(weir::runtime& rt, weir::pipeline<T> p) {
  std::vector<T> values;
  auto each = [&](T v) { values.push_back(std::move(v)); };
  auto outcome = rt.run(std::move(p).for_each(each));
  outcome.value(); // throws what it failed with
  require_nothing_alive(rt);
  return values;
}

std::vector<int> numbers(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    all[static_cast<std::size_t>(i)] = i;
  }
  return all;
}

/// Index and value, or -1 for one that failed.
using indexed = std::vector<std::pair<std::uint64_t, int>>;
indexed items_of(weir::runtime& rt, weir::pipeline<int> p) {
  indexed seen;
  auto body = [&](weir::stream<int>& s) -> weir::task<> {
    while (auto i = co_await s.next_item()) {
      seen.emplace_back(i->info.index, i->failed() ? -1 : i->value());
    }
  };
  rt.run(weir::with_stream(std::move(p), body)).value();
  require_nothing_alive(rt);
  return seen;
}

int odd_or_throw(int v) { return v % 3 == 1 ? throw std::runtime_error("one too many") : v; }

weir::async_generator<int> pairs_summed(weir::stage_input<int> in) {
  for (;;) {
    auto a = co_await in.next();
    if (!a) {
      co_return;
    }
    auto b = co_await in.next();
    co_yield *a + (b ? *b : 0);
  }
}
weir::async_generator<int> first_two(weir::stage_input<int> in) {
  for (int n = 0; n < 2; ++n) {
    auto a = co_await in.next();
    if (!a) {
      co_return;
    }
    co_yield *a;
  }
}
weir::async_generator<int> throws_at_three(weir::stage_input<int> in) {
  while (auto a = co_await in.next()) {
    if (*a == 3) {
      throw std::runtime_error("three");
    }
    co_yield *a;
  }
}
weir::async_generator<weir::image> larger_than(weir::stage_input<weir::image> in, int side) {
  while (auto im = co_await in.next()) {
    if (im->width() >= side) {
      co_yield std::move(*im);
    }
  }
}

weir::task<int> doubled(int v) {
  co_await weir::sleep_for(std::chrono::microseconds(v % 3 * 50));
  co_return 2 * v;
}

} // namespace

TEST_CASE("transform calls a function on the workers, and gives the results on in order") {
  const watchdog limit;
  weir::runtime rt{{.workers = 3}};
  const auto loop_thread = std::this_thread::get_id();
  std::atomic<int> on_loop{0};
  auto square = [&](int v) {
    on_loop += std::this_thread::get_id() == loop_thread ? 1 : 0;
    return v * v;
  };
  const std::vector<int> got = all_of(rt, weir::range(numbers(200)) | weir::transform(square, {.in_flight = 7}));
  REQUIRE(got.size() == 200);
  for (int i = 0; i < 200; ++i) {
    CHECK(got[static_cast<std::size_t>(i)] == i * i);
  }
  CHECK(on_loop == 0);
}

TEST_CASE("transform awaits a coroutine, several at a time, in order or as they are done") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  weir::runtime rt{{.workers = 1}};
  std::vector<int> got = all_of(rt, weir::range(numbers(50)) | weir::transform(doubled, {.in_flight = 4, .order = o}));
  if (o == weir::order::completion) {
    std::sort(got.begin(), got.end());
  }
  std::vector<int> wanted = numbers(50);
  for (int& v : wanted) {
    v *= 2;
  }
  CHECK(got == wanted);
}

TEST_CASE("what a transform, an inspect or a filter throws fails its item alone, which goes past what follows") {
  const watchdog limit;
  weir::runtime rt{{.workers = 2}};
  auto awaited = [](int v) -> weir::task<int> { co_return odd_or_throw(v); };
  auto inspected = [](const int& v) { (void)odd_or_throw(v); };
  auto filtered = [](const int& v) { return odd_or_throw(v) % 2 == 0; };
  auto never = [](int) -> int { throw std::logic_error("called for what failed"); };
  const indexed wanted{{0, 0}, {1, -1}, {2, 2}, {3, 3}, {4, -1}, {5, 5}};
  CHECK(items_of(rt, weir::range(numbers(6)) | weir::transform(odd_or_throw)) == wanted);
  CHECK(items_of(rt, weir::range(numbers(6)) | weir::transform(awaited)) == wanted);
  CHECK(items_of(rt, weir::range(numbers(6)) | weir::inspect(inspected)) == wanted);
  CHECK(items_of(rt, weir::range(numbers(6)) | weir::filter(filtered)) == indexed{{0, 0}, {1, -1}, {2, 2}, {4, -1}});
  CHECK(items_of(rt, weir::range(numbers(2)) | weir::transform(odd_or_throw) | weir::skip(1) | weir::transform(never) |
                         weir::filter(filtered) | weir::inspect(inspected) | weir::prefetch(2) |
                         weir::through([](auto in) { return first_two(std::move(in)); })) == indexed{{1, -1}});
}

TEST_CASE("a batch behind an inspect is still decoded in place") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(40));
  weir::runtime rt{{.workers = 3}};
  delivered got(set);
  std::atomic<int> good{0};
  auto look = [&](const weir::image& im) { good += shows(im, im.index()) ? 1 : 0; };
  REQUIRE(run_into(rt,
                   weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::inspect(look) |
                       weir::batched(8),
                   got)
              .done());
  CHECK(good == 40);
  CHECK(got.indices().size() == 40);
  CHECK(rt.metrics().copies == 0);
  require_nothing_alive(rt);
}

TEST_CASE("take and skip count failed items too; take ends without waiting for more") {
  const watchdog limit;
  weir::runtime rt{{.workers = 2}};
  auto p = [] { return weir::range(numbers(9)) | weir::transform(odd_or_throw); };
  CHECK(items_of(rt, p() | weir::take(3)) == indexed{{0, 0}, {1, -1}, {2, 2}});
  CHECK(items_of(rt, p() | weir::take(0)).empty());
  CHECK(items_of(rt, p() | weir::skip(5) | weir::take(2)) == indexed{{5, 5}, {6, 6}});
  CHECK(items_of(rt, p() | weir::skip(9)).empty());
  CHECK(items_of(rt, p() | weir::skip(100)).empty());
  CHECK(items_of(rt, weir::range(numbers(3)) | weir::repeat(0) | weir::skip(2) | weir::take(3)) ==
        indexed{{2, 2}, {3, 0}, {4, 1}});
}

TEST_CASE("repeat goes over what is above again, whatever that is, and indices go on") {
  const watchdog limit;
  weir::runtime rt{{.workers = 2}};
  const indexed twice{{0, 0}, {1, 1}, {2, 0}, {3, 1}};
  CHECK(items_of(rt, weir::range(numbers(2)) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(9)) | weir::take(2) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(2)) | weir::prefetch(3) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(9)) | weir::prefetch(1) | weir::take(2) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(9)) | weir::transform([](int v) { return v; }, {.in_flight = 2}) |
                         weir::through([](auto in) { return first_two(std::move(in)); }) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(2)) | weir::repeat(1) | weir::prefetch(1) | weir::repeat(2)) == twice);
  CHECK(items_of(rt, weir::range(numbers(0)) | weir::repeat(0)).empty());
  CHECK(items_of(rt, weir::range(numbers(5)) | weir::take(1) | weir::repeat(3) | weir::repeat(2)).size() == 6);
}

TEST_CASE("images and batches that are repeated have indices that go on, in whatever order they come") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const int where = GENERATE(0, 1, 2, 3);
  const picture_set set(std::vector<entry>(10));
  weir::runtime rt{{.workers = 3}};
  delivered got(set);
  auto paths = weir::files(set.paths());
  auto files = (where == 0 ? std::move(paths) | weir::repeat(3) : std::move(paths)) | weir::read({.order = o});
  auto images = (where == 1 ? std::move(files) | weir::repeat(3) : std::move(files)) | weir::decode_png({.channels = 3}, o);
  auto batches = (where == 2 ? std::move(images) | weir::repeat(3) : std::move(images)) | weir::batched(5);
  REQUIRE(run_into(rt, where == 3 ? std::move(batches) | weir::repeat(3) : std::move(batches), got).done());
  std::vector<std::uint64_t> wanted(30);
  for (std::size_t i = 0; i < 30; ++i) {
    wanted[i] = i;
  }
  CHECK(got.sorted() == wanted);
  if (o == weir::order::input) {
    CHECK(got.indices() == wanted);
  }
  CHECK(got.sizes() == std::vector<std::size_t>(6, 5));
  require_nothing_alive(rt);
}

TEST_CASE("prefetch gives everything on in order, and can't be of none") {
  const watchdog limit;
  weir::runtime rt{{.workers = 1}};
  CHECK(all_of(rt, weir::range(numbers(20)) | weir::prefetch(3)) == numbers(20));
  CHECK_THROWS_AS(weir::prefetch(0), std::logic_error);
}

TEST_CASE("a stage of no items at a time is refused") {
  auto same = [](int v) { return v; };
  auto look = [](int) {};
  CHECK_THROWS_AS(weir::transform(same, {.in_flight = 0}), std::invalid_argument);
  CHECK_THROWS_AS(weir::inspect(look, {.in_flight = 0}), std::invalid_argument);
  CHECK_THROWS_AS(weir::read({.in_flight = 0}), std::invalid_argument);
  CHECK_THROWS_AS(weir::decode_png({}, weir::order::input, 0), std::invalid_argument);
}

TEST_CASE("a generator of the user's is a stage; errors go past it in their place") {
  const watchdog limit;
  weir::runtime rt{{.workers = 2}};
  auto sums = [](auto in) { return pairs_summed(std::move(in)); };
  CHECK(all_of(rt, weir::range(numbers(5)) | weir::through(sums)) == std::vector<int>{1, 5, 4});
  CHECK(all_of(rt, weir::range(numbers(9)) | weir::through([](auto in) { return first_two(std::move(in)); })) == numbers(2));
  const indexed seen = items_of(rt, weir::range(numbers(6)) | weir::transform(odd_or_throw) | weir::through(sums));
  REQUIRE(seen.size() == 4); // 0 + 2 around the failed 1, 3 + 5 around the failed 4
  CHECK(seen[0] == std::pair<std::uint64_t, int>(1, -1));
  CHECK(seen[1].second == 2);
  CHECK(seen[2] == std::pair<std::uint64_t, int>(4, -1));
  CHECK(seen[3].second == 8);
  CHECK_THROWS_WITH(all_of(rt, weir::range(numbers(9)) | weir::through([](auto in) { return throws_at_three(std::move(in)); })),
                    "three");
  require_nothing_alive(rt);
}

TEST_CASE("images that a generator lets through keep their index, path and pixels") {
  const watchdog limit;
  std::vector<entry> entries(30);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].width = i % 3 == 0 ? 64 : 8;
    entries[i].is = i % 5 == 4 ? content::broken_late : content::good;
  }
  const picture_set set(entries);
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  failures bad;
  REQUIRE(run_into(rt,
                   weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                       weir::through([](auto in) { return larger_than(std::move(in), 64); }) |
                       weir::on_error(weir::skip_bad{}, bad.observer()) | weir::batched(4),
                   got)
              .done());
  CHECK(got.indices() == std::vector<std::uint64_t>{0, 3, 6, 12, 15, 18, 21, 27});
  CHECK(bad.indices() == std::vector<std::uint64_t>{4, 9, 14, 19, 24, 29});
  CHECK(rt.metrics().copies == 8);
  require_nothing_alive(rt);
}

TEST_CASE("request bodies from a channel come out with their tags, and errors with their names") {
  const watchdog limit;
  weir::runtime rt{{.workers = 2}};
  weir::channel<weir::buffer> requests(2);
  std::vector<std::pair<std::uint64_t, bool>> seen;
  std::string said;
  auto body = [&](weir::scope& s) -> weir::task<> {
    auto producer = [&]() -> weir::task<> {
      for (std::uint64_t n = 0; n < 20; ++n) {
        const std::vector<std::uint8_t> png = n == 13 ? std::vector<std::uint8_t>{1, 2, 3} : one_color(8, 8, color_of(n));
        const auto bytes = std::as_bytes(std::span(png));
        weir::encoded e(std::vector<std::byte>(bytes.begin(), bytes.end()));
        weir::buffer b(std::move(e), 1000 + n, "request " + std::to_string(n));
        (void)co_await requests.send(std::move(b));
      }
      requests.close();
    };
    s.spawn(producer);
    auto each = [&](const weir::image& im) { seen.emplace_back(im.tag(), shows(im, im.index())); };
    auto watch = [&](const weir::item_info& info, const std::exception_ptr& e) {
      CHECK(info.tag == 1013);
      try {
        std::rethrow_exception(e);
      } catch (const std::exception& found) {
        said = found.what();
      }
    };
    auto images = weir::buffers(requests) | weir::decode_png({.channels = 3}) | weir::on_error(weir::skip_bad{}, watch);
    co_await std::move(images).for_each(each);
  };
  auto all = weir::with_scope(body);
  REQUIRE(rt.run(std::move(all)).done());
  REQUIRE(seen.size() == 19);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(seen[i].first == 1000 + i + (i >= 13 ? 1 : 0));
    CHECK(seen[i].second);
  }
  CHECK_THAT(said, Catch::StartsWith("request 13: header: "));
  require_nothing_alive(rt);
}
