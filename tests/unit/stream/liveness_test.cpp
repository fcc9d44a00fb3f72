// Everything that can finish does, however little memory there is. What hangs, the watchdog ends.
#include "delivered.hpp"

#include <algorithm>
#include <optional>
#include <random>

using namespace weir::test;
using namespace weir::literals;

namespace {

constexpr std::uint64_t image_bytes = 16 * 16 * 3;

std::vector<std::uint64_t> up_to(std::size_t n) {
  std::vector<std::uint64_t> all(n);
  for (std::size_t i = 0; i < n; ++i) {
    all[i] = i;
  }
  return all;
}

weir::pipeline<weir::image> decoded(const picture_set& set, weir::order o = weir::order::input) {
  return weir::files(set.paths()) | weir::read({.order = o}) | weir::decode_png({.channels = 3}, o);
}

/// Every image as it is, by way of a stage of the user's.
weir::async_generator<weir::image> as_it_is(weir::stage_input<weir::image> in) {
  while (auto im = co_await in.next()) {
    co_yield std::move(*im);
  }
}

/// Stages of several kinds between a decode and a batch, by number: then each image has a block of its own first.
constexpr int kinds_between = 8;
weir::pipeline<weir::image> between(int kind, weir::pipeline<weir::image> p) {
  auto keep = [](const weir::image&) { return true; };
  auto look = [](const weir::image&) {};
  auto pass = [](weir::image im) { return im; };
  switch (kind) {
  case 1: return std::move(p) | weir::filter(keep);
  case 2: return std::move(p) | weir::prefetch(5);
  case 3: return std::move(p) | weir::transform(pass, {.in_flight = 5, .order = weir::order::completion});
  case 4: return std::move(p) | weir::through([](auto in) { return as_it_is(std::move(in)); });
  case 5: return std::move(p) | weir::inspect(look, {.order = weir::order::completion}) | weir::repeat(1);
  case 6: return std::move(p) | weir::prefetch(2) | weir::transform(pass) | weir::prefetch(3) | weir::filter(keep);
  case 7: return std::move(p) | weir::inspect(look, {.in_flight = 3}) | weir::take(1000);
  default: return p;
  }
}

} // namespace

TEST_CASE("with memory for exactly one batch, every image is delivered in full batches") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const picture_set set(std::vector<entry>(30));
  weir::runtime rt{{.workers = 3, .memory = 4 * image_bytes}};
  delivered got(set);
  const auto outcome = run_into(rt, decoded(set, o) | weir::batched(4, {.shapes = how}), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == up_to(30));
  for (std::size_t b = 0; b + 1 < got.batches.size(); ++b) {
    CHECK(got.batches[b].indices.size() == 4);
  }
  CHECK(rt.metrics().copies == 0);
  require_nothing_alive(rt);
}

TEST_CASE("with memory for exactly one image, ragged and grouped batches close early, with one image each") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::ragged, weir::shapes::grouped);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const picture_set set(std::vector<entry>(20));
  weir::runtime rt{{.workers = 3, .memory = image_bytes}};
  delivered got(set);
  const auto outcome = run_into(rt, decoded(set, o) | weir::batched(4, {.shapes = how}), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == up_to(20));
  CHECK(got.sizes() == std::vector<std::size_t>(20, 1));
  require_nothing_alive(rt);
}

TEST_CASE("with one byte less than an image needs, each is an error that names the numbers") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::ragged, weir::shapes::grouped);
  const picture_set set(std::vector<entry>(5));
  weir::runtime rt{{.workers = 3, .memory = image_bytes - 1}};
  delivered got(set);
  failures bad;
  const auto outcome =
      run_into(rt, decoded(set) | weir::on_error(weir::skip_bad{}, bad.observer()) | weir::batched(4, {.shapes = how}), got);
  REQUIRE(outcome.done());
  CHECK(got.batches.empty());
  REQUIRE(bad.indices() == up_to(5));
  CHECK(bad.seen.at(0).where == weir::stage::decode);
  CHECK(bad.seen.at(0).message == "the image needs 768 bytes, and the budget is 767 bytes");
  require_nothing_alive(rt);
}

TEST_CASE("a batch of one shape that just doesn't fit fails the run, also where it is copied into") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(5));
  const int kind = GENERATE(range(0, kinds_between));
  INFO("stages between: " << kind);
  const std::uint64_t needed = kind == 0 ? 4 * image_bytes : 2 * 5 * image_bytes;
  delivered got(set);
  weir::runtime enough{{.workers = 3, .memory = needed}};
  CHECK(run_into(enough, between(kind, decoded(set)) | weir::batched(4), got).done());
  CHECK(got.sorted() == up_to(5));
  weir::runtime too_little{{.workers = 3, .memory = needed - 2}};
  const auto outcome = run_into(too_little, between(kind, decoded(set)) | weir::batched(4), got);
  REQUIRE(outcome.failed());
  try {
    std::rethrow_exception(outcome.error());
  } catch (const weir::budget_error& e) {
    CHECK(e.needed() == needed);
    CHECK(e.budget() == needed - 2);
  }
  require_nothing_alive(enough);
  require_nothing_alive(too_little);
}

TEST_CASE("files of many segments are read with memory for one, wherever they stand") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const int where = GENERATE(0, 1, 2, 3); // first, last, alone, all
  picture_set set(std::vector<entry>(where == 2 ? 1 : 12));
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (where == 3 || (where == 1 ? i + 1 == set.size() : i == 0)) {
      write_file(set.paths()[i], with_ballast(one_color(16, 16, color_of(i)), 700'000));
    }
  }
  weir::runtime rt{{.workers = 2, .memory = 1_MiB, .file_memory = 64_KiB}};
  delivered got(set);
  const auto outcome = run_into(rt, decoded(set, o) | weir::batched(4), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == up_to(set.size()));
  require_nothing_alive(rt);
}

TEST_CASE("a file that is longer than all the memory for files is read though others have been read ahead of it") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  picture_set set(std::vector<entry>(20));
  for (const std::size_t i : {std::size_t{0}, std::size_t{10}}) {
    write_file(set.paths()[i], with_ballast(one_color(16, 16, color_of(i)), 18'000'000));
  }
  weir::runtime rt{{.workers = 2, .memory = 64_MiB, .file_memory = 512_KiB}};
  delivered got(set);
  const auto outcome = run_into(rt, decoded(set, o) | weir::batched(4), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == up_to(20));
  require_nothing_alive(rt);
}

TEST_CASE("a consumer that keeps a file while it asks for the next one gets it, also with memory for one segment") {
  const watchdog limit;
  picture_set set(std::vector<entry>(6));
  weir::runtime rt{{.workers = 1, .file_memory = 64_KiB}};
  std::uint64_t bytes = 0;
  auto body = [&](weir::stream<weir::encoded>& s) -> weir::task<> {
    std::vector<weir::encoded> kept;
    while (auto e = co_await s.next()) {
      bytes += e->size();
      kept.push_back(std::move(*e));
    }
    REQUIRE(kept.size() == 6);
  };
  REQUIRE(rt.run(weir::with_stream(weir::files(set.paths()) | weir::read(), body)).done());
  CHECK(bytes == rt.metrics().bytes_read);
  require_nothing_alive(rt);
}

TEST_CASE("groups of more shapes than fit the memory are all delivered, the oldest closed early") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  std::vector<entry> entries(60);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].width = 8 + static_cast<std::uint32_t>(i * 7 % 10);
    entries[i].is = i % 11 == 3 ? content::broken_late : content::good;
  }
  const picture_set set(entries);
  weir::runtime rt{{.workers = 3, .memory = 6 * image_bytes}};
  delivered got(set);
  failures bad;
  const auto outcome = run_into(rt,
                                decoded(set, o) | weir::on_error(weir::skip_bad{}, bad.observer()) |
                                    weir::batched(4, {.shapes = weir::shapes::grouped}),
                                got);
  REQUIRE(outcome.done());
  CHECK(got.indices().size() + bad.seen.size() == 60);
  require_nothing_alive(rt);
}

TEST_CASE("a group in which every image fails late gives its memory up for the next") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const picture_set set(
      {{content::broken_late}, {content::broken_late, 8, 8}, {content::good, 4, 4}, {content::broken_late}, {}});
  weir::runtime rt{{.workers = 2, .memory = image_bytes}};
  delivered got(set);
  const auto outcome = run_into(
      rt, decoded(set, o) | weir::on_error(weir::skip_bad{}) | weir::batched(4, {.shapes = weir::shapes::grouped}), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == std::vector<std::uint64_t>{2, 4});
  require_nothing_alive(rt);
}

TEST_CASE("a user who holds each batch until the next one is there gets all of them, with memory for two") {
  const watchdog limit;
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  const bool prefetched = GENERATE(false, true);
  const picture_set set(std::vector<entry>(30));
  weir::runtime rt{{.workers = 3, .memory = 2 * 4 * image_bytes}};
  delivered got(set);
  std::optional<weir::image_batch> held;
  std::size_t images = 0;
  auto each = [&](weir::image_batch b) {
    images += b.size();
    held.emplace(std::move(b)); // only now the one before is given back
  };
  auto batches = decoded(set) | weir::batched(4, {.shapes = how});
  auto p = prefetched ? std::move(batches) | weir::prefetch(1) : std::move(batches);
  REQUIRE(rt.run(std::move(p).for_each(each)).done());
  CHECK(images == 30);
  CHECK(rt.audit().leases == 0);
  CHECK(rt.audit().held_by_user == (how == weir::shapes::ragged ? held->size() : 1));
  held.reset();
  require_nothing_alive(rt);
}

TEST_CASE("blanks find memory behind and before images that take all there is") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const bool batches = GENERATE(true, false);
  for (unsigned seed = 0; seed < 30; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::vector<entry> entries(40);
    for (entry& e : entries) {
      e.width = random() % 3 == 0 ? 16 : 4;
      e.is = random() % 3 == 0 ? std::array{content::broken_late, content::missing}[random() % 2] : content::good;
    }
    const picture_set set(entries);
    weir::runtime rt{{.workers = 3, .memory = image_bytes + random() % image_bytes}};
    delivered got(set);
    auto images = decoded(set, o) | weir::on_error(weir::blank_bad{});
    const auto outcome = batches ? run_into(rt, std::move(images) | weir::batched(4, {.shapes = weir::shapes::ragged}), got)
                                 : run_into(rt, std::move(images), got);
    REQUIRE(outcome.done());
    CHECK(got.sorted() == up_to(40));
    require_nothing_alive(rt);
  }
}

TEST_CASE("rows so wide that decoding needs memory besides don't wait for the batch that they belong to") {
  const watchdog limit;
  const picture_set set(std::vector<entry>(9, entry{content::good, 60'000, 1}));
  const weir::shapes how = GENERATE(weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped);
  const std::uint64_t besides = GENERATE(0, 100'000, 400'000, 2'000'000);
  weir::runtime rt{{.workers = 3, .memory = 4 * 180'000 + besides}};
  delivered got(set);
  const auto outcome = run_into(rt, decoded(set) | weir::batched(4, {.shapes = how}), got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == up_to(9));
  require_nothing_alive(rt);
}

TEST_CASE("an image that leaves an open batch of one shape no room is of another shape, or left alone") {
  const watchdog limit;
  std::vector<entry> entries(12);
  entries[2] = {content::good, 16, 160};
  entries[7] = {content::good, 16, 190};
  const picture_set set(entries);
  const int kind = GENERATE(range(0, kinds_between));
  const bool blank = GENERATE(false, true);
  INFO("stages between: " << kind << ", blanks: " << blank);
  weir::runtime rt{{.workers = 3, .memory = 12 * image_bytes}};
  delivered got(set);
  failures bad;
  auto images = between(kind, decoded(set));
  auto good = blank ? std::move(images) | weir::on_error(weir::blank_bad{}, bad.observer())
                    : std::move(images) | weir::on_error(weir::skip_bad{}, bad.observer());
  const auto outcome = run_into(rt, std::move(good) | weir::batched(4), got);
  REQUIRE(outcome.done());
  // Behind a stage that gives images on in any order, any may be first.
  CHECK(got.indices().size() == (blank ? 12 : 10));
  if (blank || kind == 0) {
    CHECK(bad.indices() == std::vector<std::uint64_t>{2, 7});
  }
  require_nothing_alive(rt);
}

TEST_CASE("whatever the stages, the shapes and the memory, everything that can be delivered is") {
  const watchdog limit(400);
  for (unsigned seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    auto below = [&](std::size_t n) { return random() % n; };
    const bool one_shape = below(2) == 0;
    std::vector<entry> entries(below(60));
    std::size_t good = 0;
    for (entry& e : entries) {
      if (!one_shape) {
        e.width = std::array{1U, 5U, 16U, 16U, 40U, 100U}[below(6)];
      }
      if (below(5) == 0) {
        e.is = std::array{content::broken_late, content::broken_late, content::broken_head, content::missing}[below(4)];
      }
      good += e.is == content::good ? 1U : 0U;
    }
    const picture_set set(entries);
    const weir::shapes how = one_shape ? std::array{weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped}[below(3)]
                                       : std::array{weir::shapes::ragged, weir::shapes::grouped}[below(2)];
    const weir::order o = below(2) == 0 ? weir::order::input : weir::order::completion;
    const bool blank = below(2) == 0;
    const int kind = static_cast<int>(below(kinds_between));
    const int kind_after = static_cast<int>(below(4));
    const std::size_t size = 1 + below(6);
    const std::uint64_t largest = one_shape ? image_bytes : 100 * 16 * 3;
    const std::uint64_t least =
        how == weir::shapes::same ? 2 * (size + 1) * std::max<std::uint64_t>(image_bytes, 256) : largest;
    const std::uint64_t memory = least + below(3) * below(3 * largest);
    INFO("seed " << seed << ": " << entries.size() << " images, shapes " << int(how) << ", batches of " << size << ", order "
                 << int(o) << ", blank " << blank << ", between " << kind << " and " << kind_after << ", memory " << memory);
    weir::runtime rt{{.workers = 1 + static_cast<int>(below(4)), .memory = memory, .file_memory = 64_KiB << below(6)}};
    delivered got(set);
    failures bad;
    auto images = between(kind, decoded(set, o));
    auto policed = blank ? std::move(images) | weir::on_error(weir::blank_bad{}, bad.observer())
                         : std::move(images) | weir::on_error(weir::skip_bad{}, bad.observer());
    auto batches = between(kind_after, std::move(policed)) | weir::batched(size, {.shapes = how});
    auto p = below(3) == 0 ? std::move(batches) | weir::prefetch(1 + below(3)) : std::move(batches);
    const auto outcome = run_into(rt, std::move(p), got);
    REQUIRE(outcome.done());
    REQUIRE(bad.seen.size() == entries.size() - good);
    REQUIRE(got.indices().size() == (blank ? entries.size() : good));
    const std::vector<std::uint64_t> all = got.sorted();
    REQUIRE(std::adjacent_find(all.begin(), all.end()) == all.end());
    require_nothing_alive(rt);
  }
}
