#include "delivered.hpp"

#include <algorithm>
#include <vector>

#include "../../sanitized.hpp"

using namespace weir::test;
using namespace weir::literals;

// Each return of an image wakes the loop, and may take a processor from a worker that decodes.
TEST_CASE("the images of a batch come back from a worker together") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  constexpr std::size_t size = 4;
  const picture_set set(std::vector<entry>(16, {content::good, 200, 200}));
  bool together = false;
  for (int attempt = 0; attempt < 5 && !together; ++attempt) { // on a busy machine the worker may be kept from going on at once
    weir::runtime rt{{.workers = 1, .memory = 64_MiB}};
    std::size_t gathered = 0; // batches, in less time than one image of them takes
    std::size_t batches = 0;
    auto each = [&](const weir::image_batch& b) {
      ++batches;
      REQUIRE(b.size() == size);
      std::chrono::nanoseconds shortest = b[0].info().decode_time;
      for (const weir::image& im : b) {
        shortest = std::min(shortest, im.info().decode_time);
      }
      gathered += b.assembly_time() < shortest ? 1 : 0;
    };
    const auto outcome =
        rt.run((weir::files(set.paths()) | weir::repeat(25) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::skip_bad{}) | weir::batched(size, {.shapes = how}))
                   .for_each(each));
    REQUIRE(outcome.done());
    REQUIRE(batches == 400 / size);
    together = gathered > batches / 2;
    require_nothing_alive(rt);
  }
  INFO("shapes " << int(how));
  CHECK((weir::sanitized || together)); // a decode may take longer there than a result is kept
}
