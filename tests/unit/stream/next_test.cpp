// A stream that is pulled by hand: one next() at a time, which may be stopped and asked for again.
#include "../runtime/settings.hpp"
#include "delivered.hpp"

#include <ranges>
#include <stdexcept>

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

std::ranges::iota_view<int, int> numbers(int n) { return std::views::iota(0, n); }
std::vector<int> up_to(int n) {
  std::vector<int> all;
  for (int i = 0; i < n; ++i) {
    all.push_back(i);
  }
  return all;
}

weir::task<int> later(int v) {
  co_await weir::sleep_for(std::chrono::microseconds(50));
  co_return v;
}

/// Asks for each item twice: the first next() is stopped by its deadline at its first wait. Takes items by either.
template<class T, class F> weir::task<> pull_impatiently(weir::stream<T>& s, std::size_t& stopped, F take) {
  for (bool more = true; more;) {
    std::optional<T> value;
    bool late = false;
    try {
      value = co_await weir::with_deadline(0ms, s.next());
    } catch (const weir::deadline_exceeded&) {
      late = true;
    }
    if (late) {
      ++stopped;
      value = co_await s.next();
    }
    more = value.has_value();
    if (more) {
      take(std::move(*value));
    }
  }
}

weir::async_generator<int> patient(weir::stage_input<int> in) {
  while (auto v = co_await in.next()) {
    co_yield *v;
  }
}
/// As pull_impatiently.
weir::async_generator<int> impatient(weir::stage_input<int> in) {
  for (;;) {
    std::optional<int> v;
    bool late = false;
    try {
      v = co_await weir::with_deadline(0ms, in.next());
    } catch (const weir::deadline_exceeded&) {
      late = true;
    }
    if (late) {
      v = co_await in.next();
    }
    if (!v) {
      co_return;
    }
    co_yield *v;
  }
}
weir::async_generator<int> asks_twice_at_once(weir::stage_input<int> in) {
  auto pull = [&]() -> weir::task<> { (void)co_await in.next(); };
  auto a = pull();
  auto b = pull();
  auto both = weir::when_all(std::move(a), std::move(b));
  (void)co_await std::move(both);
  co_yield 0;
}
weir::async_generator<int> keeps_all(weir::stage_input<int> in) {
  while (auto v = co_await in.next()) {
  }
}

} // namespace

TEST_CASE("two tasks that pull from one stream at a time are told so, and nothing is lost to either") {
  const watchdog limit;
  weir::runtime rt{{.workers = 1}};
  std::vector<int> seen;
  std::string said;
  auto body = [&](weir::stream<int>& s) -> weir::task<> {
    auto model = [&]() -> weir::task<> {
      while (auto v = co_await s.next()) {
        seen.push_back(*v);
      }
    };
    auto second = [&]() -> weir::task<> {
      try {
        (void)co_await s.next();
      } catch (const std::logic_error& e) {
        said = e.what();
      }
      CHECK_THROWS_AS(co_await s.next_item(), std::logic_error);
      CHECK_THROWS_AS(co_await s.close(), std::logic_error);
    };
    auto a = model();
    auto b = second();
    auto both = weir::when_all(std::move(a), std::move(b));
    (void)co_await std::move(both);
  };
  REQUIRE(rt.run(weir::with_stream(weir::range(numbers(30)) | weir::transform(later, {.in_flight = 4}), body)).done());
  CHECK(said == "weir: next() or close() of a stream while another is awaited");
  CHECK(seen == up_to(30));
  require_nothing_alive(rt);
}

TEST_CASE("a generator that asks for two items at a time is told so") {
  const watchdog limit;
  weir::runtime rt{{.workers = 1}};
  auto nothing = [](int) {};
  auto p = weir::range(numbers(30)) | weir::transform(later) |
           weir::through([](auto in) { return asks_twice_at_once(std::move(in)); });
  const auto o = rt.run(std::move(p).for_each(nothing));
  REQUIRE(o.failed());
  CHECK_THROWS_WITH(std::rethrow_exception(o.error()), "weir: next() or close() of a stream while another is awaited");
  require_nothing_alive(rt);
}

TEST_CASE("a next() that is stopped takes no item, whatever the stage") {
  const watchdog limit;
  weir::runtime rt{{.workers = 1}};
  auto source = [] { return weir::range(numbers(10)) | weir::transform(later, {.in_flight = 1}); };
  auto all = [](int) { return true; };
  auto look = [](int) {};
  auto seen_through = [&](weir::pipeline<int> p) {
    std::vector<int> seen;
    std::size_t stopped = 0;
    auto body = [&](weir::stream<int>& s) { return pull_impatiently(s, stopped, [&](int v) { seen.push_back(v); }); };
    rt.run(weir::with_stream(std::move(p), body)).value();
    CHECK(stopped >= 3);
    require_nothing_alive(rt);
    return seen;
  };
  CHECK(seen_through(source()) == up_to(10));
  CHECK(seen_through(source() | weir::take(10)) == up_to(10));
  CHECK(seen_through(source() | weir::take(5)) == up_to(5));
  CHECK(seen_through(source() | weir::filter(all)) == up_to(10));
  CHECK(seen_through(source() | weir::inspect(look)) == up_to(10));
  CHECK(seen_through(source() | weir::prefetch(1)) == up_to(10));
  CHECK(seen_through(source() | weir::on_error(weir::skip_bad{})) == up_to(10));
  CHECK(seen_through(source() | weir::through([](auto in) { return patient(std::move(in)); })) == up_to(10));
  CHECK(seen_through(source() | weir::through([](auto in) { return impatient(std::move(in)); })) == up_to(10));
  CHECK(seen_through(source() | weir::skip(2)) == std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(seen_through(source() | weir::take(3) | weir::repeat(2)) == std::vector<int>{0, 1, 2, 0, 1, 2});
  CHECK(seen_through(source() | weir::repeat(2) | weir::skip(8) | weir::take(4)) == std::vector<int>{8, 9, 0, 1});
  CHECK(seen_through(source() | weir::filter(all) | weir::take(8) | weir::skip(1) | weir::on_error(weir::skip_bad{}) |
                     weir::prefetch(1) | weir::inspect(look) | weir::repeat(1) |
                     weir::through([](auto in) { return impatient(std::move(in)); })) == std::vector<int>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("a generator whose next() is stopped loses no failure") {
  const watchdog limit;
  weir::runtime rt{{.workers = 1}};
  auto most_fail = [](int v) -> weir::task<int> {
    if (v % 3 != 0) {
      throw std::runtime_error("bad");
    }
    return later(v);
  };
  std::vector<std::uint64_t> bad;
  auto note = [&](const weir::item_info& i, const std::exception_ptr&) { bad.push_back(i.index); };
  std::vector<int> good;
  auto each = [&](int v) -> weir::task<> { // slow, so that a failure has to wait to go past
    good.push_back(v);
    co_await weir::sleep_for(2ms);
  };
  auto p = weir::range(numbers(10)) | weir::transform(most_fail, {.in_flight = 4}) |
           weir::through([](auto in) { return impatient(std::move(in)); }) | weir::on_error(weir::skip_bad{}, note);
  REQUIRE(rt.run(std::move(p).for_each(each)).done());
  CHECK(good == std::vector<int>{0, 3, 6, 9});
  CHECK(bad == std::vector<std::uint64_t>{1, 2, 4, 5, 7, 8});
  require_nothing_alive(rt);
}

TEST_CASE("a next() that is stopped takes no image and no batch") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  std::vector<entry> entries(20);
  entries[5].is = content::missing;
  const picture_set set(entries);
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  std::size_t stopped = 0;
  auto body = [&](weir::stream<weir::image_batch>& s) {
    return pull_impatiently(s, stopped, [&](weir::image_batch b) { got.take(std::move(b)); });
  };
  auto batches = weir::files(set.paths()) | weir::read({.in_flight = 1}) | weir::decode_png({.channels = 3}) |
                 weir::on_error(weir::blank_bad{}) | weir::batched(4, {.shapes = how});
  REQUIRE(rt.run(weir::with_stream(std::move(batches), body)).done());
  CHECK(stopped >= 1);
  CHECK(got.sizes() == std::vector<std::size_t>(5, 4));
  auto one_by_one = [&](weir::stream<weir::image>& s) {
    return pull_impatiently(s, stopped, [&](weir::image im) { got.take(std::move(im)); });
  };
  got.batches.clear();
  auto images = weir::files(set.paths()) | weir::read({.in_flight = 1}) | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::blank_bad{});
  REQUIRE(rt.run(weir::with_stream(std::move(images), one_by_one)).done());
  CHECK(got.indices().size() == 20);
  require_nothing_alive(rt);
}

TEST_CASE("a blank that waits for memory when its next() is stopped is the next image all the same") {
  const watchdog limit;
  const picture_set set({{}, {content::missing}, {}});
  weir::runtime rt{{.workers = 1, .memory = 768}}; // one image
  int failed = 0;
  auto note = [&](const weir::item_info&, const std::exception_ptr&) { ++failed; };
  std::vector<std::pair<std::uint64_t, bool>> seen;
  auto body = [&](weir::stream<weir::image>& s) -> weir::task<> {
    auto kept = co_await s.next();
    int stopped = 0;
    while (stopped < 5) {
      try {
        (void)co_await weir::with_deadline(1ms, s.next());
        FAIL("there was no memory for it");
      } catch (const weir::deadline_exceeded&) {
        stopped += failed;
      }
    }
    kept.reset();
    while (auto im = co_await s.next()) {
      seen.emplace_back(im->index(), im->blank());
    }
  };
  auto images =
      weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::on_error(weir::blank_bad{}, note);
  REQUIRE(rt.run(weir::with_stream(std::move(images), body)).done());
  CHECK(failed == 1);
  CHECK(seen == std::vector<std::pair<std::uint64_t, bool>>{{1, true}, {2, false}});
  require_nothing_alive(rt);
}

namespace {

constexpr int many = 1'000'000;
constexpr int soon = 1024; // items until others have had their turn

/// Pipelines that wait for nothing, and say how many items have come so far.
weir::pipeline<int> busy(int kind, int& items) {
  auto none = [&items](int) {
    ++items;
    return false;
  };
  auto all = [&items](int) {
    ++items;
    return true;
  };
  auto bad = [&items](int) -> bool {
    ++items;
    throw std::runtime_error("bad");
  };
  switch (kind) {
  case 0: return weir::range(numbers(many)) | weir::filter(none);
  case 1: return weir::range(numbers(many)) | weir::filter(all);
  case 2: return weir::range(numbers(many)) | weir::filter(all) | weir::skip(many);
  case 3: return weir::range(numbers(many)) | weir::filter(bad) | weir::on_error(weir::skip_bad{});
  case 4: return weir::range(numbers(many)) | weir::filter(all) | weir::take(many) | weir::filter(none);
  default:
    return weir::range(numbers(many)) | weir::filter(all) | weir::through([](auto in) { return keeps_all(std::move(in)); });
  }
}

} // namespace

TEST_CASE("a pipeline that waits for nothing is stopped soon, and lets other tasks run") {
  const watchdog limit;
  const int kind = GENERATE(0, 1, 2, 3, 4, 5);
  INFO("kind " << kind);
  weir::runtime rt{{.workers = 1}};
  int items = 0;
  int at_turn = 0;
  auto nothing = [](int) {};
  auto stop_at_third_turn = [&](weir::scope& s) -> weir::task<> {
    s.spawn(busy(kind, items).for_each(nothing));
    while (items == 0) {
      co_await weir::yield();
    }
    at_turn = items;
    co_await weir::yield();
    s.request_stop();
  };
  REQUIRE(rt.run(weir::with_scope(stop_at_third_turn)).done());
  CHECK(at_turn <= soon);
  CHECK(items <= 3 * soon);
  require_nothing_alive(rt);
}

TEST_CASE("files that nobody reads are gone over in turns, too") {
  const watchdog limit;
  const std::vector<std::string> names(many / 4, "nowhere");
  weir::runtime rt{{.workers = 1}};
  int items = 0;
  auto count = [&](const weir::path&) { ++items; };
  auto stop_it = [&](weir::scope& s) -> weir::task<> {
    s.spawn(weir::files(names).for_each(count));
    while (items == 0) {
      co_await weir::yield();
    }
    s.request_stop();
  };
  REQUIRE(rt.run(weir::with_scope(stop_it)).done());
  CHECK(items <= 2 * soon);
  require_nothing_alive(rt);
}

TEST_CASE("a host's timer has its turn while a pipeline waits for nothing") {
  const watchdog limit;
  place at({true, weir::engine_choice::automatic});
  struct {
    int items = 0;
    int when_fired = many;
  } seen;
  uv_timer_t timer;
  REQUIRE(uv_timer_init(&at.h->uv, &timer) == 0);
  timer.data = &seen;
  auto fired = [](uv_timer_t* t) {
    auto& s = *static_cast<decltype(seen)*>(t->data);
    s.when_fired = s.items;
  };
  auto count = [&](int) {
    if (++seen.items == 1) {
      uv_timer_start(&timer, fired, 0, 0);
    }
  };
  REQUIRE(at.rt->run(weir::range(numbers(many)).for_each(count)).done());
  CHECK(seen.items == many);
  CHECK(seen.when_fired < many / 4);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  at.rt.reset();
  uv_run(&at.h->uv, UV_RUN_DEFAULT);
}
