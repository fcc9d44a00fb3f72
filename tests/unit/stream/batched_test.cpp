#include "delivered.hpp"

#include <algorithm>
#include <optional>
#include <random>

using namespace weir::test;
using namespace weir::literals;

namespace {

enum class policy : std::uint8_t { fail, skip, blank };

weir::detail::on_error_stage with_policy(policy p, weir::error_observer o = {}) {
  switch (p) {
  case policy::fail: return weir::on_error(weir::fail_on_bad{}, std::move(o));
  case policy::skip: return weir::on_error(weir::skip_bad{}, std::move(o));
  case policy::blank: break;
  }
  return weir::on_error(weir::blank_bad{}, std::move(o));
}

std::vector<entry> random_entries(std::mt19937& random, bool one_shape) {
  std::vector<entry> all(random() % 45);
  const unsigned broken = random() % 4; // of eight
  for (entry& e : all) {
    if (!one_shape && random() % 4 == 0) {
      e.width = 8 + static_cast<std::uint32_t>(random() % 2) * 20;
    }
    if (random() % 8 < broken) {
      e.is = std::array{content::broken_late, content::broken_late, content::broken_head, content::missing}[random() % 4];
    }
  }
  if (!all.empty() && random() % 3 == 0) { // the first fails late, and may be of another shape
    all.front() = {content::broken_late, one_shape ? 16U : 24U, 16};
  }
  return all;
}

/// What a batch of one shape, in the order of the input, has to deliver.
struct expected_same {
  std::vector<std::vector<std::uint64_t>> batches;
  std::vector<std::uint64_t> failed;
  std::optional<weir::shape> shape;

  expected_same(const picture_set& set, policy p, std::size_t size, bool drop) {
    std::vector<std::uint64_t> open;
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      const entry& e = set.entries()[i];
      const bool good = e.is == content::good && (!shape || *shape == e.shape());
      if (good) {
        shape = e.shape();
      } else {
        failed.push_back(i);
        if (p == policy::fail) {
          return;
        }
      }
      if (good || p == policy::blank) {
        open.push_back(i);
        if (open.size() == size) {
          batches.push_back(std::move(open));
          open.clear();
        }
      }
    }
    if (!open.empty() && !drop) {
      batches.push_back(std::move(open));
    }
  }
};

} // namespace

TEST_CASE("batches of one shape hold the good images in order, whatever fails, under every policy") {
  const watchdog limit;
  const policy p = GENERATE(policy::fail, policy::skip, policy::blank);
  const std::size_t size = GENERATE(1, 3, 4, 32);
  const bool drop = GENERATE(false, true);
  for (unsigned seed = 0; seed < 12; ++seed) {
    INFO("policy " << int(p) << ", batch " << size << ", drop " << drop << ", seed " << seed);
    std::mt19937 random(seed);
    const picture_set set(random_entries(random, seed % 2 == 0));
    const expected_same wanted(set, p, size, drop);
    weir::runtime rt{{.workers = 3}};
    delivered got(set);
    failures bad;
    const auto outcome = run_into(rt,
                                  weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                      with_policy(p, bad.observer()) | weir::batched(size, {.drop_remainder = drop}),
                                  got);
    CHECK(bad.indices() == wanted.failed);
    if (p == policy::fail && !wanted.failed.empty()) {
      REQUIRE(outcome.failed()); // batches before the failure may have been delivered, never others
      REQUIRE(got.batches.size() <= wanted.batches.size());
    } else {
      REQUIRE(outcome.done());
      REQUIRE(got.batches.size() == wanted.batches.size());
    }
    for (std::size_t b = 0; b < got.batches.size(); ++b) {
      CHECK(got.batches[b].indices == wanted.batches[b]);
      for (std::size_t i = 0; i < got.batches[b].indices.size(); ++i) {
        const bool failed = std::binary_search(wanted.failed.begin(), wanted.failed.end(), got.batches[b].indices[i]);
        CHECK(got.batches[b].blanks[i] == failed);
      }
    }
    if (p != policy::blank && wanted.failed.empty()) {
      CHECK(rt.metrics().copies == 0);
    }
    require_nothing_alive(rt);
  }
}

TEST_CASE("in the order of completion batches of one shape are full, and every good image is in one of them") {
  const watchdog limit;
  const policy p = GENERATE(policy::skip, policy::blank);
  const std::size_t size = GENERATE(1, 3, 4, 32);
  const bool drop = GENERATE(false, true);
  for (unsigned seed = 0; seed < 12; ++seed) {
    INFO("policy " << int(p) << ", batch " << size << ", drop " << drop << ", seed " << seed);
    std::mt19937 random(seed);
    const picture_set set(random_entries(random, true));
    weir::runtime rt{{.workers = 3}};
    delivered got(set);
    failures bad;
    const auto outcome = run_into(rt,
                                  weir::files(set.paths()) | weir::read({.order = weir::order::completion}) |
                                      weir::decode_png({.channels = 3}, weir::order::completion) |
                                      with_policy(p, bad.observer()) | weir::batched(size, {.drop_remainder = drop}),
                                  got);
    REQUIRE(outcome.done());
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      const bool good = set.entries()[i].is == content::good;
      CHECK(bad.seen.count(i) == (good ? 0 : 1));
      if (good || p == policy::blank) {
        wanted.push_back(i);
      }
    }
    const std::vector<std::size_t> sizes = got.sizes();
    for (std::size_t b = 0; b < sizes.size(); ++b) {
      CHECK(sizes[b] == (b + 1 == sizes.size() && !drop && wanted.size() % size != 0 ? wanted.size() % size : size));
    }
    const std::vector<std::uint64_t> all = got.sorted();
    CHECK(all.size() == (drop ? wanted.size() / size * size : wanted.size()));
    CHECK(std::includes(wanted.begin(), wanted.end(), all.begin(), all.end()));
    require_nothing_alive(rt);
  }
}

TEST_CASE("ragged batches hold every image in order, each in a block of its own") {
  const watchdog limit;
  const policy p = GENERATE(policy::skip, policy::blank);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const std::size_t size = GENERATE(1, 3, 4, 32);
  const bool drop = GENERATE(false, true);
  for (unsigned seed = 0; seed < 8; ++seed) {
    INFO("policy " << int(p) << ", batch " << size << ", drop " << drop << ", seed " << seed);
    std::mt19937 random(seed);
    const picture_set set(random_entries(random, false));
    weir::runtime rt{{.workers = 3}};
    delivered got(set);
    failures bad;
    const auto outcome = run_into(rt,
                                  weir::files(set.paths()) | weir::read({.order = o}) | weir::decode_png({.channels = 3}, o) |
                                      with_policy(p, bad.observer()) |
                                      weir::batched(size, {.shapes = weir::shapes::ragged, .drop_remainder = drop}),
                                  got);
    REQUIRE(outcome.done());
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      const bool good = set.entries()[i].is == content::good;
      CHECK(bad.seen.count(i) == (good ? 0 : 1));
      if (good || p == policy::blank) {
        wanted.push_back(i);
      }
    }
    const std::vector<std::uint64_t> all = o == weir::order::input ? got.indices() : got.sorted();
    if (drop) {
      CHECK(all.size() == wanted.size() / size * size);
      if (o == weir::order::input) {
        wanted.resize(all.size());
      }
    }
    CHECK(std::includes(wanted.begin(), wanted.end(), all.begin(), all.end()));
    CHECK((drop || all == wanted));
    for (std::size_t b = 0; b < got.batches.size(); ++b) {
      CHECK(got.batches[b].ragged);
      CHECK((got.batches[b].indices.size() == size || (b + 1 == got.batches.size() && !drop)));
    }
    CHECK(rt.metrics().copies == 0);
    require_nothing_alive(rt);
  }
}

TEST_CASE("grouped batches are of one shape each, full but for the last of each shape, and miss no image") {
  const watchdog limit;
  const policy p = GENERATE(policy::skip, policy::blank);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const std::size_t size = GENERATE(1, 3, 4, 32);
  const bool drop = GENERATE(false, true);
  for (unsigned seed = 0; seed < 8; ++seed) {
    INFO("policy " << int(p) << ", order " << int(o) << ", batch " << size << ", drop " << drop << ", seed " << seed);
    std::mt19937 random(seed);
    const picture_set set(random_entries(random, false));
    weir::runtime rt{{.workers = 3}};
    delivered got(set);
    failures bad;
    const auto outcome = run_into(rt,
                                  weir::files(set.paths()) | weir::read({.order = o}) | weir::decode_png({.channels = 3}, o) |
                                      with_policy(p, bad.observer()) |
                                      weir::batched(size, {.shapes = weir::shapes::grouped, .drop_remainder = drop}),
                                  got);
    REQUIRE(outcome.done());
    std::map<std::uint32_t, std::vector<std::uint64_t>> by_width;
    std::map<std::uint32_t, std::size_t> partial;
    for (const delivered::batch& b : got.batches) {
      CHECK_FALSE(b.ragged);
      std::vector<std::uint64_t>& of_shape = by_width[b.shapes.front().width];
      of_shape.insert(of_shape.end(), b.indices.begin(), b.indices.end());
      CHECK(partial[b.shapes.front().width] == 0); // nothing comes behind one that isn't full
      if (b.indices.size() != size) {
        CHECK(b.indices.size() < size);
        CHECK_FALSE(drop);
        ++partial[b.shapes.front().width];
      }
    }
    if (o == weir::order::input) {
      for (const auto& group : by_width) {
        CHECK(std::is_sorted(group.second.begin(), group.second.end()));
      }
    }
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      if (set.entries()[i].is == content::good || p == policy::blank) {
        wanted.push_back(i);
      }
    }
    const std::vector<std::uint64_t> all = got.sorted();
    if (drop) {
      CHECK(std::includes(wanted.begin(), wanted.end(), all.begin(), all.end()));
    } else {
      CHECK(all == wanted);
    }
    CHECK(bad.seen.size() == static_cast<std::size_t>(std::count_if(set.entries().begin(), set.entries().end(),
                                                                    [](const entry& e) { return e.is != content::good; })));
    require_nothing_alive(rt);
  }
}

TEST_CASE("where the first image fails late, the next good one says the shape of the batches") {
  const watchdog limit;
  const picture_set set({{content::broken_late, 32, 8}, {content::broken_late, 4, 4}, {}, {}, {content::good, 32, 8}, {}});
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  failures bad;
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                    weir::on_error(weir::skip_bad{}, bad.observer()) | weir::batched(2),
                                got);
  REQUIRE(outcome.done());
  CHECK(got.sizes() == std::vector<std::size_t>{2, 1});
  CHECK(got.indices() == std::vector<std::uint64_t>{2, 3, 5});
  REQUIRE(bad.indices() == std::vector<std::uint64_t>{0, 1, 4});
  CHECK(bad.seen.at(0).where == weir::stage::decode);
  CHECK(bad.seen.at(4).where == weir::stage::batch);
  CHECK(bad.seen.at(4).message.find("32 x 8") != std::string::npos); // both shapes are named
  CHECK(bad.seen.at(4).message.find("16 x 16") != std::string::npos);
  require_nothing_alive(rt);
}

TEST_CASE("a blank has the shape of the last good image; before the first, its own header's, or 1 x 1") {
  const watchdog limit;
  const picture_set set({{content::missing},
                         {content::broken_late, 32, 8},
                         {content::good, 5, 6},
                         {content::broken_late, 7, 7},
                         {content::missing},
                         {content::good, 9, 9},
                         {content::broken_head}});
  const bool batches = GENERATE(true, false);
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  auto images = weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) | weir::on_error(weir::blank_bad{});
  const auto outcome = batches ? run_into(rt, std::move(images) | weir::batched(3, {.shapes = weir::shapes::ragged}), got)
                               : run_into(rt, std::move(images), got);
  REQUIRE(outcome.done());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes;
  for (const delivered::batch& b : got.batches) {
    for (const weir::shape& s : b.shapes) {
      CHECK(s.channels == 3);
      sizes.emplace_back(s.width, s.height);
    }
  }
  const decltype(sizes) wanted{{1, 1}, {32, 8}, {5, 6}, {5, 6}, {5, 6}, {9, 9}, {9, 9}};
  CHECK(sizes == wanted);
  require_nothing_alive(rt);
}

TEST_CASE("blanks before the first good image of a batch of one shape take its shape") {
  const watchdog limit;
  const picture_set set(
      {{content::missing}, {content::broken_late, 32, 8}, {content::broken_head}, {content::good, 5, 6}, {content::missing}});
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                    weir::on_error(weir::blank_bad{}) | weir::batched(5),
                                got);
  REQUIRE(outcome.done());
  REQUIRE(got.sizes() == std::vector<std::size_t>{5});
  CHECK(got.batches[0].shapes[0] == weir::shape{6, 5, 3, 8});
  require_nothing_alive(rt);
}

TEST_CASE("a batch of nothing but blanks is delivered too, in the shape of its first") {
  const watchdog limit;
  const picture_set set({{content::broken_late, 32, 8}, {content::missing}, {content::missing}, {content::good, 5, 6}});
  weir::runtime rt{{.workers = 2}};
  delivered got(set);
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                    weir::on_error(weir::blank_bad{}) | weir::batched(2),
                                got);
  REQUIRE(outcome.done());
  REQUIRE(got.sizes() == std::vector<std::size_t>{2, 2});
  CHECK(got.batches[0].shapes[0] == weir::shape{8, 32, 3, 8});
  CHECK(got.batches[1].shapes[0] == weir::shape{6, 5, 3, 8});
  require_nothing_alive(rt);
}

TEST_CASE("an image that is larger than the budget is an error of its own, and its blank is 1 x 1") {
  const watchdog limit;
  const picture_set set({{content::good, 64, 64}, {}, {}});
  const weir::shapes how = GENERATE(weir::shapes::ragged, weir::shapes::grouped);
  const bool blank = GENERATE(false, true);
  weir::runtime rt{{.workers = 2, .memory = 8192}};
  delivered got(set);
  failures bad;
  const auto outcome =
      run_into(rt,
               weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                   with_policy(blank ? policy::blank : policy::skip, bad.observer()) | weir::batched(3, {.shapes = how}),
               got);
  REQUIRE(outcome.done());
  REQUIRE(bad.indices() == std::vector<std::uint64_t>{0});
  CHECK(bad.seen.at(0).where == weir::stage::decode);
  CHECK(got.sorted() == (blank ? std::vector<std::uint64_t>{0, 1, 2} : std::vector<std::uint64_t>{1, 2}));
  require_nothing_alive(rt);
}

TEST_CASE("images that a stage looks at in the order of completion are not mixed up in their batch") {
  const watchdog limit;
  std::vector<entry> entries(60);
  for (std::size_t i = 0; i < entries.size(); i += 7) {
    entries[i].is = content::broken_late;
  }
  const picture_set set(entries);
  for (int run = 0; run < 20; ++run) {
    weir::runtime rt{{.workers = 4}};
    delivered got(set);
    auto look = [](const weir::image& im) { // the first ones take longest
      volatile unsigned spin = 0;
      for (unsigned n = 0; n < (im.index() % 4 == 1 ? 200000U : 0U); ++n) {
        spin = spin + n;
      }
    };
    const auto outcome = run_into(rt,
                                  weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3}) |
                                      weir::inspect(look, {.order = weir::order::completion}) |
                                      weir::on_error(weir::skip_bad{}) | weir::batched(4),
                                  got);
    REQUIRE(outcome.done());
    std::vector<std::uint64_t> wanted;
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      if (set.entries()[i].is == content::good) {
        wanted.push_back(i);
      }
    }
    CHECK(got.sorted() == wanted);
    require_nothing_alive(rt);
  }
}
