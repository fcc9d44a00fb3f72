#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <vector>

#include "parts.hpp"
#include "virtual_loop.hpp"
#include <weir/channel.hpp>
#include <weir/scope.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

task<> sends(channel<int>& ch, int first, int n, diary& d) {
  for (int i = first; i < first + n; ++i) {
    const bool taken = co_await ch.send(i);
    if (!taken) {
      d.push_back("refused " + std::to_string(i));
    }
  }
}
task<> receives(channel<int>& ch, diary& d, std::string name) {
  while (auto v = co_await ch.receive()) {
    d.push_back(name + std::to_string(*v));
  }
  d.push_back(name + " end");
}

} // namespace

TEST_CASE("values come out in the order of the sends, and no more are in it than it has room for") {
  virtual_loop loop;
  diary d;
  channel<int> ch(2);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(sends(ch, 1, 5, d));
      co_await sleep_for(1ms);
      REQUIRE(ch.size() == 2);
      REQUIRE(ch.capacity() == 2);
      s.spawn(receives(ch, d, ""));
      co_await sleep_for(1ms);
      ch.close();
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"1", "2", "3", "4", "5", " end"});
}

TEST_CASE("a channel without room is misuse") { REQUIRE_THROWS_AS(channel<int>(0), std::logic_error); }

TEST_CASE("try_send leaves the value where it is when the channel is full or closed") {
  channel<std::unique_ptr<int>> ch(1);
  auto a = std::make_unique<int>(1);
  auto b = std::make_unique<int>(2);
  REQUIRE(ch.try_send(a));
  REQUIRE(a == nullptr);
  REQUIRE_FALSE(ch.try_send(b));
  REQUIRE(b != nullptr);
  ch.close();
  REQUIRE(**ch.try_receive() == 1);
  REQUIRE_FALSE(ch.try_send(b));
  REQUIRE(ch.try_receive() == std::nullopt);
}

TEST_CASE("close lets receivers have what is left, gives waiting senders false, and both again and again") {
  virtual_loop loop;
  diary d;
  channel<int> ch(1);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(sends(ch, 1, 2, d)); // the second waits
      co_await sleep_for(1ms);
      ch.close();
      ch.close();
      co_await sleep_for(1ms);
      s.spawn(receives(ch, d, "a"));
      s.spawn(receives(ch, d, "b"));
      s.spawn(sends(ch, 7, 1, d));
    });
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d == diary{"refused 2", "a1", "a end", "b end", "refused 7"});
}

TEST_CASE("a stopped receiver takes nothing with it, a stopped sender leaves nothing behind") {
  virtual_loop loop;
  diary d;
  channel<int> ch(1);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(receives(ch, d, "stopped"));
      co_await sleep_for(1ms);
      s.request_stop();
    });
    const bool taken = co_await ch.send(1);
    REQUIRE(taken);
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(sends(ch, 2, 1, d));
      co_await sleep_for(1ms);
      s.request_stop();
    });
    ch.close();
    co_await receives(ch, d, "");
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(d == diary{"1", " end"});
}

TEST_CASE("a value that was handed to a receiver is received, though its tree stops before it goes on") {
  virtual_loop loop;
  diary d;
  channel<int> ch(1);
  auto body = [&]() -> task<> {
    co_await with_scope([&](scope& s) -> task<> {
      s.spawn(receives(ch, d, "got "));
      co_await sleep_for(1ms);
      const bool taken = co_await ch.send(1);
      REQUIRE(taken);
      s.request_stop();
    });
    REQUIRE(ch.size() == 0);
  };
  root r(loop, body());
  loop.drain();
  REQUIRE(r.done());
  REQUIRE(d == diary{"got 1"});
}

TEST_CASE("closed and stopped at once with both sides blocked: each value is delivered once or destroyed once") {
  for (int what = 0; what < 16; ++what) {
    INFO("order " << what);
    virtual_loop loop;
    int live = 0;
    int delivered = 0;
    {
      channel<counted> full(2);
      channel<counted> empty(2);
      auto sender = [&](channel<counted>& ch) -> task<> {
        for (;;) {
          const bool taken = co_await ch.send(counted(live));
          if (!taken) {
            co_return;
          }
        }
      };
      auto receiver = [&](channel<counted>& ch) -> task<> {
        while (auto v = co_await ch.receive()) {
          ++delivered;
        }
      };
      auto body = [&]() -> task<> {
        co_await with_scope([&](scope& s) -> task<> {
          for (int i = 0; i < 3; ++i) {
            s.spawn(sender(full));
            s.spawn(receiver(empty));
          }
          co_await sleep_for(1ms);
          REQUIRE(live == 5);
          if ((what & 1) != 0) {
            s.spawn(receiver(full));
            s.spawn(sender(empty));
          }
          if ((what & 2) != 0) {
            full.close();
            empty.close();
          }
          if ((what & 4) != 0) {
            s.request_stop();
          }
          if ((what & 8) != 0) {
            co_await yield();
          }
          full.close();
          empty.close();
          s.request_stop();
        });
      };
      root r(loop, body());
      loop.drain();
      REQUIRE(r.done());
      REQUIRE(live == static_cast<int>(full.size() + empty.size()));
    }
    REQUIRE(live == 0);
    REQUIRE(loop.live_frames() == 0);
  }
}

TEST_CASE("tasks of two runtimes that wait for the same channel are misuse, and the first is not disturbed") {
  virtual_loop first;
  diary d;
  channel<int> ch(1);
  root a(first, receives(ch, d, "a"));
  first.drain();
  {
    virtual_loop second;
    root b(second, receives(ch, d, "b"));
    second.drain();
    REQUIRE_THROWS_AS(b.take(), std::logic_error);
  }
  ch.close();
  first.drain();
  REQUIRE(a.done());
  REQUIRE(d == diary{"a end"});
}
