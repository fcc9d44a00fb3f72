#include <catch2/catch.hpp>

#include "programs.hpp"
#include "virtual_loop.hpp"

using namespace weir;
using namespace weir::test;

TEST_CASE("every program gives its value, and leaves nothing behind") {
  for (const program& p : programs) {
    INFO(p.name);
    int live = 0;
    virtual_loop loop;
    {
      root r(loop, p.run(live));
      loop.drain();
      REQUIRE(r.done());
      REQUIRE(r.take() == programs_value);
      REQUIRE(r.suppressed() == 0);
    }
    REQUIRE(live == 0);
    REQUIRE(loop.live_frames() == 0);
  }
}

TEST_CASE("a program that is stopped at any step gives its value or is stopped, and leaves nothing behind") {
  for (const program& p : programs) {
    INFO(p.name);
    int stopped = 0;
    for (int step = 0;; ++step) {
      INFO("stopped after step " << step);
      int live = 0;
      bool ended = false;
      virtual_loop loop;
      {
        root r(loop, p.run(live));
        for (int i = 0; i < step && !ended; ++i) {
          loop.turn();
          ended = r.ended();
        }
        r.request_stop();
        loop.drain();
        REQUIRE(r.ended());
        REQUIRE_FALSE(r.failed());
        stopped += r.stopped() ? 1 : 0;
        if (r.done()) {
          REQUIRE(r.take() == programs_value);
        }
      }
      REQUIRE(live == 0);
      REQUIRE(loop.live_frames() == 0);
      if (ended) {
        break;
      }
    }
    REQUIRE(stopped > 4);
  }
}
