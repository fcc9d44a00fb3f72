// The ring's protocol under every single fault, and under many at once.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

#include "reading.hpp"

using namespace weir::test;

namespace {

/// How many seeds; WEIR_SEEDS in the environment raises it, WEIR_PLAN ("place:choice …") runs that one plan alone.
std::uint64_t seeds(std::uint64_t usual) {
  const char* const more = std::getenv("WEIR_SEEDS");
  return more != nullptr ? std::strtoull(more, nullptr, 10) : usual;
}

void fail(const reading& r, const std::string& wrong, const plan& p) {
  FAIL("\"" << r.name << "\": " << wrong << "\n  WEIR_PLAN=\"" << p.text() << "\"");
}

} // namespace

TEST_CASE(
    "whatever single thing the kernel does at whatever call, each file comes back once, with its bytes or an honest error") {
  std::size_t runs = 0;
  for (const reading& r : readings()) {
    plan p(1);
    do {
      ++runs;
      const std::string wrong = run(r, p);
      if (!wrong.empty()) {
        fail(r, wrong, p);
      }
    } while (p.next());
  }
  CHECK(runs > 1500);
}

TEST_CASE("nor is anything lost where the kernel does several things at once, sampled by seed") {
  for (const reading& r : readings()) {
    for (std::uint64_t seed = 0; seed < seeds(2000); ++seed) {
      plan p = plan::sampled(seed, 3 + static_cast<unsigned>(seed % 30), seed % 2 == 0 ? 2 : 12);
      const std::string wrong = run(r, p);
      if (!wrong.empty()) {
        fail(r, "seed " + std::to_string(seed) + ": " + wrong, p);
      }
    }
  }
}

TEST_CASE("the plan of WEIR_PLAN is run again", "[.][again]") {
  for (const reading& r : readings()) {
    plan p = plan::again(std::getenv("WEIR_PLAN"));
    std::cerr << "\n\"" << r.name << "\":";
    const std::string wrong = run(r, p, [](fake_kernel& k) {
      k.told_of = [](std::string_view point, std::size_t taken) {
        std::cerr << ' ' << point << (taken == 0 ? "" : ' ' + std::to_string(taken)) << ',';
      };
    });
    std::cerr << '\n' << (wrong.empty() ? "nothing is wrong" : wrong) << '\n';
  }
}
