// A stop at any moment of any pipeline: it ends as stopped, or naturally, and nothing of it is left.
#include "delivered.hpp"

#include <sys/stat.h>

#include <atomic>
#include <random>
#include <thread>

using namespace weir::test;
using namespace weir::literals;

namespace {

weir::async_generator<weir::image> as_it_is(weir::stage_input<weir::image> in) {
  while (auto im = co_await in.next()) {
    co_yield std::move(*im);
  }
}

/// Small files, files of many segments, broken and missing ones.
std::vector<entry> entries_of_all_sorts() {
  std::mt19937 random(11);
  std::vector<entry> entries(60);
  for (entry& e : entries) {
    e.width = std::array{16U, 16U, 5U, 300U}[random() % 4];
    e.height = e.width == 300 ? 200 : 16;
    e.is = random() % 6 == 0 ? std::array{content::broken_late, content::broken_head, content::missing}[random() % 3]
                             : content::good;
  }
  entries[7].is = entries[33].is = content::good;
  entries[45].is = content::missing;
  return entries;
}

class files_of_all_sorts : public picture_set {
public:
  explicit files_of_all_sorts(bool with_fifo) : picture_set(entries_of_all_sorts()) {
    for (const std::size_t i : {7U, 33U}) {
      write_file(paths()[i], with_ballast(one_color(entries()[i].width, entries()[i].height, color_of(i)), 300'000));
    }
    REQUIRE((!with_fifo || mkfifo(paths()[45].c_str(), 0600) == 0)); // nobody writes to it
  }
};

struct choice {
  explicit choice(unsigned seed) : random(seed) {}
  std::size_t below(std::size_t n) { return random() % n; }
  std::mt19937 random;
};

weir::pipeline<weir::image_batch> any_pipeline(choice& c, const picture_set& set) {
  const weir::order o = c.below(2) == 0 ? weir::order::input : weir::order::completion;
  auto look = [](const weir::image&) {};
  auto pass = [](weir::image im) { return im; };
  auto later = [](weir::image im) -> weir::task<weir::image> {
    co_await weir::sleep_for(std::chrono::microseconds(20));
    co_return im;
  };
  auto keep = [](const weir::image&) { return true; };
  auto paths = c.below(2) == 0 ? weir::files(set.paths()) | weir::repeat(3) : weir::files(set.paths());
  auto files = std::move(paths) | weir::read({.in_flight = 1 + c.below(40), .order = o});
  auto images = std::move(files) | weir::decode_png({.channels = 3}, o);
  for (std::size_t n = c.below(3); n > 0; --n) {
    switch (c.below(7)) {
    case 0: images = std::move(images) | weir::inspect(look); break;
    case 1: images = std::move(images) | weir::transform(pass, {.in_flight = 4}); break;
    case 2: images = std::move(images) | weir::transform(later, {.order = weir::order::completion}); break;
    case 3: images = std::move(images) | weir::filter(keep); break;
    case 4: images = std::move(images) | weir::prefetch(3); break;
    case 5: images = std::move(images) | weir::through([](auto in) { return as_it_is(std::move(in)); }); break;
    default: images = std::move(images) | weir::repeat(2); break;
    }
  }
  switch (c.below(3)) {
  case 0: images = std::move(images) | weir::on_error(weir::skip_bad{}); break;
  case 1: images = std::move(images) | weir::on_error(weir::blank_bad{}); break;
  default: break;
  }
  const auto how = static_cast<weir::shapes>(c.below(3));
  auto batches = std::move(images) | weir::batched(1 + c.below(9), {.shapes = how});
  return c.below(2) == 0 ? std::move(batches) | weir::prefetch(2) : std::move(batches);
}

void count_errors(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const weir::error&) { // without a policy: natural
  } catch (const weir::budget_error&) {
  }
}

} // namespace

TEST_CASE("a pipeline of any stages that is stopped at any moment leaves nothing, and no batch is half there") {
  const watchdog limit(400);
  const files_of_all_sorts set(true);
  for (unsigned seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    choice c(seed);
    weir::runtime rt{{.workers = 1 + static_cast<int>(c.below(3)),
                      .memory = 400_KiB << c.below(4),
                      .file_memory = 64_KiB << c.below(5),
                      .engine = c.below(3) == 0 ? weir::engine_choice::blocking : weir::engine_choice::automatic}};
    const weir::stop_handle stop;
    const bool from_inside = c.below(3) == 0;
    const std::size_t after_batches = c.below(6);
    const std::chrono::microseconds after(c.below(6) == 0 ? 0 : c.below(8000));
    const bool slow_consumer = c.below(3) == 0;
    delivered got(set);
    auto each = [&](weir::image_batch b) -> weir::task<> {
      got.take(std::move(b));
      if (from_inside && got.batches.size() > after_batches) {
        stop.request_stop();
      }
      if (slow_consumer) {
        co_await weir::sleep_for(std::chrono::microseconds(50));
      }
    };
    std::thread stopper([&] { // always, as the FIFO would be waited for else
      std::this_thread::sleep_for(after);
      stop.request_stop();
      stop.request_stop();
    });
    const auto outcome = rt.run(any_pipeline(c, set).for_each(each), stop);
    stopper.join();
    if (outcome.failed()) {
      REQUIRE_NOTHROW(count_errors(outcome.error()));
    }
    for (const std::exception_ptr& e : outcome.suppressed()) {
      REQUIRE_NOTHROW(count_errors(e));
    }
    require_nothing_alive(rt);
  }
}

TEST_CASE("a pipeline whose consumer breaks off or throws at any moment leaves nothing") {
  const watchdog limit(400);
  const files_of_all_sorts set(false);
  for (unsigned seed = 1000; seed < 1200; ++seed) {
    INFO("seed " << seed);
    choice c(seed);
    weir::runtime rt{
        {.workers = 1 + static_cast<int>(c.below(3)), .memory = 400_KiB << c.below(4), .file_memory = 64_KiB << c.below(5)}};
    const std::size_t most = c.below(4);
    const bool throws = c.below(2) == 0;
    const bool closes = c.below(2) == 0;
    std::size_t batches = 0;
    auto body = [&](weir::stream<weir::image_batch>& s) -> weir::task<> {
      while (batches < most) {
        auto b = co_await s.next();
        if (!b) {
          break;
        }
        ++batches;
      }
      if (throws) {
        throw std::runtime_error("enough");
      }
      if (closes) {
        co_await s.close();
      }
    };
    const auto outcome = rt.run(weir::with_stream(any_pipeline(c, set), body));
    REQUIRE_FALSE(outcome.stopped());
    if (outcome.failed()) {
      try {
        std::rethrow_exception(outcome.error());
      } catch (const std::runtime_error&) {
      } catch (const weir::error&) {
      }
    } else {
      REQUIRE_FALSE(throws);
    }
    require_nothing_alive(rt);
  }
}
