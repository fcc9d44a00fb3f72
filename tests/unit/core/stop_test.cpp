#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <weir/stop.hpp>

using weir::stop_callback;
using weir::stop_source;
using function_callback = stop_callback<std::function<void()>>;

TEST_CASE("stop callbacks run newest first, once, before request_stop returns") {
  stop_source s;
  std::vector<int> ran;
  const stop_callback a(s.get_token(), [&] { ran.push_back(1); });
  const stop_callback b(s.get_token(), [&] { ran.push_back(2); });
  const stop_callback c(s.get_token(), [&] { ran.push_back(3); });
  REQUIRE_FALSE(s.stop_requested());
  REQUIRE(s.request_stop());
  REQUIRE(ran == std::vector{3, 2, 1});
  REQUIRE_FALSE(s.request_stop());
  REQUIRE(ran.size() == 3);
  REQUIRE(s.get_token().stop_requested());
}

TEST_CASE("a callback on a token that was stopped runs at once, on one without a source never") {
  stop_source s;
  s.request_stop();
  int ran = 0;
  const stop_callback now(s.get_token(), [&] { ++ran; });
  REQUIRE(ran == 1);
  const stop_callback never(weir::stop_token(), [&] { ++ran; });
  REQUIRE(ran == 1);
  REQUIRE_FALSE(weir::stop_token().stop_possible());
  REQUIRE_FALSE(weir::stop_token().stop_requested());
}

TEST_CASE("a callback may register another, which is told by the same request") {
  stop_source s;
  std::vector<int> ran;
  std::optional<function_callback> later;
  const stop_callback first(s.get_token(), [&] {
    ran.push_back(1);
    later.emplace(s.get_token(), [&] { ran.push_back(2); });
  });
  s.request_stop();
  REQUIRE(ran == std::vector{1, 2});
}

TEST_CASE(
    "callbacks of two sources that deregister themselves and each other run at most once and touch nothing that is gone") {
  for (std::size_t victim = 0; victim < 6; ++victim) {
    stop_source sources[2];
    std::vector<std::unique_ptr<function_callback>> callbacks(6);
    std::vector<int> ran(6);
    for (std::size_t i = 0; i < 6; ++i) {
      callbacks[i] = std::make_unique<function_callback>(sources[i % 2].get_token(), [&, i] {
        ++ran[i];
        auto& first = callbacks[victim]; // on the stack: each of these calls may destroy this closure
        auto& second = callbacks[(victim + i) % 6];
        sources[1].request_stop(); // from inside the first's
        first.reset();
        second.reset();
      });
    }
    sources[0].request_stop();
    for (const int r : ran) {
      REQUIRE(r <= 1);
    }
    REQUIRE(ran[4] == 1); // the newest of the first source
  }
}

TEST_CASE("a callback may destroy itself") {
  stop_source s;
  int ran = 0;
  std::optional<function_callback> self;
  const stop_callback older(s.get_token(), [&] { ++ran; });
  self.emplace(s.get_token(), [&] {
    ++ran;
    self.reset();
  });
  s.request_stop();
  REQUIRE(ran == 2);
}

TEST_CASE("the last callback may destroy the source that is still inside request_stop") {
  auto s = std::make_unique<stop_source>();
  int ran = 0;
  const stop_callback last(s->get_token(), [&] {
    ++ran;
    s.reset();
  });
  const stop_callback first(s->get_token(), [&] { ++ran; });
  s->request_stop();
  REQUIRE(ran == 2);
  REQUIRE(s == nullptr);
}

TEST_CASE("a callback that destroys the source in the middle leaves the older ones untold, and deregistered") {
  auto s = std::make_unique<stop_source>();
  int ran = 0;
  {
    const stop_callback oldest(s->get_token(), [&] { ++ran; });
    const stop_callback middle(s->get_token(), [&] { s.reset(); });
    const stop_callback newest(s->get_token(), [&] { ++ran; });
    s->request_stop();
  }
  REQUIRE(ran == 1);
}

TEST_CASE("a source may die before its callbacks") {
  auto s = std::make_unique<stop_source>();
  int ran = 0;
  const stop_callback a(s->get_token(), [&] { ++ran; });
  const stop_callback b(s->get_token(), [&] { ++ran; });
  s.reset();
  REQUIRE(ran == 0);
}
