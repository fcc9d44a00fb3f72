#include "delivered.hpp"

#include <string>
#include <vector>

using namespace weir::test;
using namespace weir::literals;

namespace {

constexpr std::uint64_t image_bytes = 16 * 16 * 3;
constexpr std::size_t batch = 5;

} // namespace

TEST_CASE("blanks that come before the first good image take none of the memory that its batch needs") {
  const watchdog limit;
  const content first = GENERATE(content::broken_late, content::broken_head);
  const std::size_t leading = GENERATE(range(std::size_t{0}, 2 * batch + 1));
  INFO(leading << " leading blanks, content " << int(first));
  std::vector<entry> entries(30);
  for (std::size_t i = 0; i < leading; ++i) {
    entries[i].is = first;
  }
  const picture_set set(entries);
  weir::runtime rt{{.workers = 3, .memory = 2 * (batch + 1) * image_bytes}}; // a batch, as much beside it, and two in hand
  delivered got(set);
  auto pass = [](weir::image im) { return im; };
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                    weir::on_error(weir::blank_bad{}) | weir::transform(pass) | weir::batched(batch),
                                got);
  REQUIRE(outcome.done());
  CHECK(got.sizes() == std::vector<std::size_t>(6, batch));
  CHECK(got.indices().size() == 30);
  require_nothing_alive(rt);
}

TEST_CASE("the blank that completes a batch of blanks takes none of the memory that the batch needs, however large it is") {
  const watchdog limit;
  const std::uint32_t side = GENERATE(16, 45, 52); // two thirds of the memory, or all but too little for the batch
  const picture_set set({{content::broken_late}, {content::broken_late, side, side}, {}, {}, {}, {}});
  weir::runtime rt{{.workers = 2, .memory = 12 * image_bytes}};
  delivered got(set);
  auto pass = [](weir::image im) { return im; };
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                    weir::on_error(weir::blank_bad{}) | weir::transform(pass) | weir::batched(2),
                                got);
  REQUIRE(outcome.done());
  CHECK(got.sizes() == std::vector<std::size_t>(3, 2));
  require_nothing_alive(rt);
}
