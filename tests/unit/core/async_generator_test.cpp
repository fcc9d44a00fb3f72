#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "noted.hpp"
#include "virtual_loop.hpp"
#include <weir/async_generator.hpp>
#include <weir/channel.hpp>
#include <weir/event.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stopped.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

async_generator<int> count_to(int n) {
  for (int i = 1; i <= n; ++i) {
    if (i % 2 == 0) {
      co_await sleep_for(1ms);
    }
    co_yield i;
  }
}

async_generator<int> doubled(async_generator<int> in) {
  while (auto v = co_await in.next()) {
    co_yield 2 * *v;
  }
}

async_generator<int> parked_after(int n, event& e, diary& d) {
  const noted local(d, "generator");
  for (int i = 0; i < n; ++i) {
    co_yield i;
  }
  co_await e.wait();
}

task<std::vector<int>> all_of(async_generator<int> g) {
  std::vector<int> all;
  while (auto v = co_await g.next()) {
    all.push_back(*v);
  }
  const auto again = co_await g.next();
  if (again) {
    throw std::runtime_error("a value after the end");
  }
  co_return all;
}

/// What next() throws, if it throws.
task<std::string> misuse_of_next(async_generator<int>& g) {
  std::string what;
  try {
    co_await g.next();
  } catch (const std::logic_error& e) {
    what = e.what();
  }
  co_return what;
}

task<> take_one(async_generator<int>& g) { co_await g.next(); }

} // namespace

TEST_CASE("a generator gives its values in order, then its end, again and again") {
  virtual_loop loop;
  {
    root r(loop, all_of(doubled(count_to(5))));
    loop.drain();
    REQUIRE(r.take() == std::vector{2, 4, 6, 8, 10});
  }
  REQUIRE(loop.live_frames() == 0);
}

TEST_CASE("a generator yields lvalues by copying, rvalues by moving, and what converts") {
  virtual_loop loop;
  struct strings {
    static async_generator<std::string> make() {
      const std::string kept = "kept";
      co_yield kept;
      std::string moved = "a string that is too long for the small buffer";
      co_yield std::move(moved);
      co_yield "converted";
      co_yield std::string(3, 'x');
    }
    static async_generator<std::unique_ptr<int>> owners() { co_yield std::make_unique<int>(4); }
  };
  auto body = []() -> task<std::string> {
    auto g = strings::make();
    std::string all;
    while (auto s = co_await g.next()) {
      all += *s + "|";
    }
    auto o = strings::owners();
    const auto p = co_await o.next();
    co_return all + std::to_string(**p);
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == "kept|a string that is too long for the small buffer|converted|xxx|4");
}

TEST_CASE("what a generator throws comes out of next(), after that it has ended") {
  virtual_loop loop;
  struct one {
    static async_generator<int> then_error() {
      co_yield 1;
      throw std::runtime_error("broken");
    }
  };
  auto body = []() -> task<std::string> {
    auto g = one::then_error();
    co_await g.next();
    std::string what;
    try {
      co_await g.next();
    } catch (const std::runtime_error& e) {
      what = e.what();
    }
    const auto end = co_await g.next();
    co_return end ? "a value" : what;
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == "broken");
}

TEST_CASE("an idle generator dies with its consumer's locals; close() ends it before") {
  virtual_loop loop;
  diary d;
  event never;
  auto body = [&]() -> task<> {
    const noted before(d, "made before it");
    auto g = parked_after(5, never, d);
    co_await g.next();
    const noted after(d, "made after it");
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d == diary{"made after it", "generator", "made before it"});
  d.clear();
  auto closing = [&]() -> task<bool> {
    auto g = parked_after(5, never, d);
    co_await g.next();
    co_await g.close();
    d.push_back("closed");
    const auto end = co_await g.next();
    co_return end.has_value();
  };
  root s(loop, closing());
  loop.drain();
  REQUIRE_FALSE(s.take());
  REQUIRE(d == diary{"generator", "closed"});
}

TEST_CASE("a stop in the middle of next() destroys the generator before the awaiting coroutine; next() after that is misuse") {
  virtual_loop loop;
  diary d;
  event never;
  auto consume = [&](async_generator<int>& g) -> task<> {
    const noted local(d, "consumer");
    while (auto v = co_await g.next()) {
    }
    d.push_back("end of stream");
  };
  auto body = [&]() -> task<std::string> {
    auto g = parked_after(2, never, d);
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(consume(g));
      co_await sleep_for(1ms);
      s.request_stop();
    });
    d.push_back("scope");
    co_return co_await misuse_of_next(g);
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.take() == "weir: next() of a generator after it was stopped");
  REQUIRE(d == diary{"generator", "consumer", "scope"});
}

TEST_CASE("next() or close() while another next() is awaited is misuse, and harms nobody") {
  virtual_loop loop;
  diary d;
  event gate;
  std::string next_says;
  std::string close_says;
  auto body = [&]() -> task<> {
    auto g = parked_after(0, gate, d);
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(take_one(g));
      co_await yield();
      next_says = co_await misuse_of_next(g);
      try {
        co_await g.close();
      } catch (const std::logic_error& e) {
        close_says = e.what();
      }
      gate.set();
    });
    d.push_back("body");
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(next_says == "weir: next() of a generator while another is awaited");
  REQUIRE(close_says == "weir: close() of a generator whose next() is awaited");
  REQUIRE(d == diary{"generator", "body"});
}

TEST_CASE("a generator that one runtime has begun is misuse in another") {
  virtual_loop first;
  auto g = count_to(3);
  root a(first, take_one(g));
  first.drain();
  REQUIRE(a.done());
  {
    virtual_loop second;
    root b(second, misuse_of_next(g));
    second.drain();
    REQUIRE(b.take() == "weir: next() of a generator that another runtime has begun");
  }
}

TEST_CASE("when a consumer breaks out, or throws, with its producer in mid-wait and values queued, all has ended before its "
          "scope returns") {
  for (const bool throws : {false, true}) {
    virtual_loop loop;
    diary d;
    int live = 0;
    struct producer {
      static task<> into(channel<counted>& out, int& live, diary& d) {
        const noted local(d, "producer");
        for (bool taken = true; taken;) {
          taken = co_await out.send(counted(live));
        }
      }
      static async_generator<counted> from(channel<counted>& in, diary& d) {
        const noted local(d, "stage");
        while (auto v = co_await in.receive()) {
          co_yield std::move(*v);
        }
      }
    };
    auto consumer = [&](scope& s, channel<counted>& ch) -> task<> {
      s.spawn(producer::into, std::ref(ch), std::ref(live), std::ref(d));
      auto g = producer::from(ch, d);
      for (int i = 0; i < 3; ++i) {
        auto v = co_await g.next();
      }
      d.push_back("done");
      s.request_stop();
      if (throws) {
        throw std::runtime_error("broken off");
      }
    };
    auto body = [&]() -> task<> {
      channel<counted> ch(2);
      try {
        co_await with_scope([&](scope& s) -> task<> { return consumer(s, ch); });
      } catch (const std::runtime_error&) {
        d.push_back("thrown");
      }
      d.push_back("after the scope");
    };
    root r(loop, body());
    loop.drain();
    REQUIRE(r.done());
    REQUIRE(live == 0);
    // An error after the scope's own stop came late: it is listed.
    REQUIRE(r.suppressed() == (throws ? 1 : 0));
    REQUIRE(d == diary{"done", "stage", "producer", "after the scope"});
  }
}
