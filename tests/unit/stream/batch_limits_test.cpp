#include "delivered.hpp"

#include <vector>

using namespace weir::test;

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
