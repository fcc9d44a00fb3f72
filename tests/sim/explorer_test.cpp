// The explorer: it finds nothing where nothing is wrong, and what is planted where it is.
#include <catch2/catch.hpp>

#include "explorer.hpp"
#include "plants.hpp"
#include "run.hpp"
#include "stage_set.hpp"

using namespace weir::explore;

namespace {
const std::function<void(const std::string&)> none = [](const std::string& what) { FAIL(what); };
} // namespace

TEST_CASE("stops, failures and both at once, all over every pipeline: none breaks the contract") {
  exploration e;
  e.schedules = 4000;
  const findings f = explore(e);
  if (f.first) {
    FAIL(f.first->what << "\nreproduce: " << command_for(f.first->where, ""));
  }
  REQUIRE(f.schedules >= e.schedules);
  for (const std::uint64_t n : f.endings) {
    REQUIRE(n > 500);
  }
}

TEST_CASE("every pipeline gives the same log again with the same seed, and with every fifth stop of it") {
  for (std::uint32_t p = 0; p < all_scenarios().size(); ++p) {
    INFO(all_scenarios()[p].name);
    const schedule base{.pipeline = p, .seed = 5};
    const counts first = run(base, none, true);
    REQUIRE(run(base, none, true).log == first.log);
    REQUIRE(run({.pipeline = p, .seed = 6}, none).log_hash != first.log_hash);
    for (std::uint64_t at = 1; at <= first.points; at += first.points / 5 + 1) {
      const schedule stopped{.pipeline = p, .seed = 5, .stop_at = at};
      REQUIRE(run(stopped, none, true).log == run(stopped, none, true).log);
    }
  }
}

TEST_CASE("every planted mistake is found, and the line that is printed for it reproduces it") {
  int hung = 0;
  for (const plant& p : plants) {
    INFO(p.sentence);
    weir::detail::explore::planted = p.what;
    exploration e;
    e.schedules = 100'000;
    const findings f = explore(e);
    const bool found = f.first.has_value();
    const std::optional<std::string> again = found ? run_apart(f.first->where) : std::nullopt;
    weir::detail::explore::planted = weir::detail::explore::bug::none;
    REQUIRE(found);
    INFO(command_for(f.first->where, p.name) << "\n" << f.first->what);
    REQUIRE(again);
    REQUIRE_FALSE(run_apart(f.first->where)); // without it there is nothing wrong
    REQUIRE(f.seconds < 60);
    if (f.first->what.rfind("nothing can ever happen again", 0) == 0) { // then it says who waits, and for what
      ++hung;
      REQUIRE_THAT(f.first->what, Catch::Contains("\ntask 1:\n- ") && Catch::Contains("waits for "));
    }
  }
  REQUIRE(hung > 0);
}

TEST_CASE("a file that asks for segments again when some come back doesn't do so for ever where there is no memory at all") {
  for (std::uint64_t k = 100; k < 130; ++k) { // it did at 111, on an endless stack
    REQUIRE_FALSE(run_apart({.pipeline = 1, .seed = 1, .what = fault::memory, .k = k}));
  }
}

TEST_CASE("a failure's text is read back as it was written") {
  for (const char* text : {"open:2:24", "read:1:512", "submit:3", "allocation:77", "memory:9", "job:1", "thread:2"}) {
    schedule s;
    REQUIRE(parse_fault(text, s));
    REQUIRE(to_text(s.what, s.k, s.error) == text);
  }
  for (const char* text : {"", "open", "open:2", "open:0:2", "read:a:1", "job:1:2", "none:1", "submit:", "allocation:1x"}) {
    schedule s;
    REQUIRE_FALSE(parse_fault(text, s));
  }
}
