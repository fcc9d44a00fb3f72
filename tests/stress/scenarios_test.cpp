// Scenarios of cancellation on the real loops and engines that no other test file is about: see tests/SCENARIOS.md.
#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "../unit/runtime/settings.hpp"
#include "../unit/stream/delivered.hpp"

using namespace weir::test;
using namespace weir::literals;
using namespace std::chrono_literals;

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_TEST_SLOW 1
#endif
#endif
#ifdef WEIR_TEST_SLOW
constexpr int rounds = 12;
#else
constexpr int rounds = 40;
#endif

/// Requests the stop `after` so long.
class stopping {
public:
  stopping(const weir::stop_handle& stop, std::chrono::nanoseconds after)
      : thread_([stop, after] {
          std::this_thread::sleep_for(after);
          stop.request_stop();
        }) {}
  stopping(const stopping&) = delete;
  stopping& operator=(const stopping&) = delete;
  ~stopping() { thread_.join(); }

private:
  std::thread thread_;
};

auto images_of(const std::vector<std::string>& paths) {
  return weir::files(paths) | weir::read() | weir::decode_png({.channels = 3});
}

} // namespace

TEST_CASE("11: a file that is cut, overwritten or replaced while it is read gives one of its pictures, or an error") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  picture_set set({{content::good, 90, 70}});
  const std::vector<std::uint8_t> pictures[] = {with_ballast(one_color(90, 70, color_of(0)), 200'000),
                                                with_ballast(one_color(90, 70, color_of(1)), 100'000)};
  const std::string& path = set.paths()[0];
  write_file(path, pictures[0]);
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (unsigned i = 0; !over; ++i) {
      if (i % 2 == 0) { // in place: cut first, then written
        write_file(path, pictures[i / 2 % 2]);
      } else {
        write_file(path + ".new", pictures[i / 2 % 2]);
        std::filesystem::rename(path + ".new", path);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(i * 97 % 700));
    }
  });
  // Until some of both pictures have come, and many files have been read.
  const weir::stop_handle stop;
  int of[2] = {};
  int wrong = 0;
  int failures = 0;
  place p(s);
  auto look = [&](const weir::image& im) {
    const bool shown[2] = {shows(im, 0), shows(im, 1)};
    of[0] += shown[0] ? 1 : 0;
    of[1] += shown[1] ? 1 : 0;
    wrong += shown[0] || shown[1] ? 0 : 1;
    if (of[0] >= 20 && of[1] >= 20 && of[0] + of[1] + failures >= rounds * 10) {
      stop.request_stop();
    }
  };
  auto note = [&](const weir::item_info&, const std::exception_ptr&) { ++failures; };
  auto images = weir::files({path}) | weir::repeat(0) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::skip_bad{}, note);
  const auto outcome = p.rt->run(std::move(images).for_each(look), stop);
  over = true;
  writer.join();
  REQUIRE(outcome.stopped());
  CHECK(wrong == 0);
  require_nothing_alive(*p.rt);
}

TEST_CASE("12: a stop finds memory waited for, read into, decoded into, and held by the user; the budget holds") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  std::vector<entry> entries(24, entry{content::good, 200, 150});
  const picture_set set(entries);
  constexpr std::uint64_t image_bytes = 200 * 150 * 3;
  for (int round = 0; round < rounds; ++round) {
    place p(s, {.memory = 3 * image_bytes, .file_memory = 64_KiB});
    const weir::stop_handle stop;
    std::vector<weir::image> held;
    auto hold = [&](weir::image im) { // the third is waited for, for ever
      CHECK(shows(im, im.index()));
      held.push_back(std::move(im));
    };
    const stopping other(stop, round * 100us);
    const auto outcome = p.rt->run(images_of(set.paths()).for_each(hold), stop);
    REQUIRE(outcome.stopped());
    REQUIRE(nothing_left(p.rt->audit()));
    REQUIRE(p.rt->audit().held_by_user == held.size());
    REQUIRE(p.rt->metrics().memory_high_water <= 3 * image_bytes);
    held.clear();
    require_nothing_alive(*p.rt);
  }
}

TEST_CASE("13: a stop that comes while libpng gives a corrupt file up leaves nothing") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  std::vector<entry> entries(12, entry{content::broken_late, 300, 200});
  const picture_set set(entries);
  int stopped = 0;
  for (int round = 0; round < rounds; ++round) {
    place p(s, {.workers = 3});
    const weir::stop_handle stop;
    std::atomic<int> failures{0};
    auto note = [&](const weir::item_info&, const std::exception_ptr&) { // the moment: others are being given up right now
      if (++failures == round % 8) {
        stop.request_stop();
      }
    };
    auto none = [](const weir::image&) { FAIL("there is no good file"); };
    const stopping other(stop, 20ms + round * 100us);
    auto images = images_of(set.paths()) | weir::on_error(weir::skip_bad{}, note);
    const auto outcome = p.rt->run(std::move(images).for_each(none), stop);
    REQUIRE_FALSE(outcome.failed());
    stopped += outcome.stopped() ? 1 : 0;
    require_nothing_alive(*p.rt);
  }
  CHECK(stopped > 0);
}

TEST_CASE("22: with memory for one image, no byte of a corrupt or cut file is in the image after it, stopped or not") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  std::vector<entry> entries(40, entry{content::good, 100, 80});
  for (std::size_t i = 0; i < entries.size(); i += 2) {
    entries[i].is = content::broken_late; // all its rows have been decoded by then
  }
  const picture_set set(entries);
  for (std::size_t i = 0; i < entries.size(); i += 4) {
    std::filesystem::resize_file(set.paths()[i], std::filesystem::file_size(set.paths()[i]) / 2);
  }
  constexpr std::uint64_t image_bytes = 100 * 80 * 3;
  const bool blanks = GENERATE(false, true);
  for (int round = 0; round < rounds; ++round) {
    place p(s, {.memory = image_bytes});
    const weir::stop_handle stop;
    delivered got(set);
    auto take = [&](weir::image im) {
      got.take(std::move(im));
      if (round != 0 && got.batches.size() == static_cast<std::size_t>(round)) {
        stop.request_stop();
      }
    };
    auto images = blanks ? images_of(set.paths()) | weir::on_error(weir::blank_bad{})
                         : images_of(set.paths()) | weir::on_error(weir::skip_bad{});
    const auto outcome = p.rt->run(std::move(images).for_each(take), stop);
    REQUIRE_FALSE(outcome.failed());
    if (round == 0) {
      REQUIRE(outcome.done());
      REQUIRE(got.batches.size() == (blanks ? 40 : 20));
    }
    require_nothing_alive(*p.rt);
  }
}

TEST_CASE("24: one of many that is stopped takes nothing from the others: each of theirs is delivered") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  const picture_set set(std::vector<entry>(30, entry{content::good, 120, 90}));
  for (int round = 0; round < rounds / 4; ++round) {
    place p(s);
    constexpr std::size_t all = 6;
    std::vector<std::size_t> images(all, 0);
    std::map<std::size_t, weir::ending> ends;
    std::vector<weir::stop_handle> stops;
    for (std::size_t i = 0; i < all; ++i) {
      auto work = [](const picture_set& from, std::size_t& count) -> weir::task<> {
        auto take = [&](const weir::image& im) {
          REQUIRE(shows(im, im.index()));
          ++count;
        };
        auto pipeline = images_of(from.paths());
        co_await std::move(pipeline).for_each(take);
      };
      stops.push_back(p.rt->start(work(set, images[i]), [&ends, i](weir::outcome<> o) { ends.emplace(i, o.how()); }));
    }
    const std::size_t victim = static_cast<std::size_t>(round) % all;
    {
      const stopping other(stops[victim], round * 150us);
      p.rt->run();
    }
    for (std::size_t i = 0; i < all; ++i) {
      CAPTURE(i, victim, round);
      REQUIRE(ends.count(i) == 1);
      if (i != victim) {
        CHECK(ends[i] == weir::ending::done);
        CHECK(images[i] == set.size());
      } else {
        CHECK(ends[i] != weir::ending::failed);
      }
    }
    require_nothing_alive(*p.rt);
  }
}

TEST_CASE("14: an error, a stop and an error in a cleanup, at any moment of each other: one wins, the others are listed") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  const picture_set set(std::vector<entry>(20, entry{content::good, 60, 50}));
  int ends[3] = {};
  for (int round = 0; round < rounds * 2; ++round) {
    place p(s);
    const weir::stop_handle stop;
    // In the first two rounds there is no doubt which comes first, on however busy a machine.
    const auto error_after = std::chrono::microseconds(round == 0 ? 3'600'000'000LL : round * 37 % 1500);
    const auto stop_after = std::chrono::microseconds(round == 1 ? 1'000'000 : round * 91 % 1500);
    auto fails = [](const char* what) -> weir::task<> {
      throw std::runtime_error(what);
      co_return;
    };
    auto streams = [&]() -> weir::task<> {
      auto take = [](const weir::image&) {};
      auto forever = weir::files(set.paths()) | weir::repeat(0) | weir::read() | weir::decode_png({.channels = 3});
      co_await std::move(forever).for_each(take);
    };
    auto sibling = [&](std::chrono::microseconds after) -> weir::task<> {
      co_await weir::sleep_for(after);
      throw std::runtime_error("sibling");
    };
    bool begun = false; // what is spawned into a stopping scope isn't
    auto cleaned_up = [&]() -> weir::task<> {
      begun = true;
      co_await weir::finally(streams(), fails("cleanup"));
    };
    auto body = [&](weir::scope& in) -> weir::task<> {
      in.spawn(cleaned_up());
      in.spawn(sibling(error_after));
      co_return;
    };
    const stopping other(stop, stop_after);
    auto o = p.rt->run(weir::with_scope(body), stop);
    ++ends[static_cast<int>(o.how())];
    std::vector<std::string> listed;
    for (const std::exception_ptr& e : o.suppressed()) {
      try {
        std::rethrow_exception(e);
      } catch (const std::runtime_error& r) {
        listed.emplace_back(r.what());
      }
    }
    CAPTURE(round, listed);
    REQUIRE_FALSE(o.done());
    REQUIRE(std::count(listed.begin(), listed.end(), "cleanup") == (begun ? 1 : 0));
    if (o.failed()) {
      REQUIRE_THROWS_WITH(o.value(), "sibling");
      REQUIRE(listed.size() == (begun ? 1U : 0U));
    }
    require_nothing_alive(*p.rt);
  }
  CHECK(ends[static_cast<int>(weir::ending::failed)] > 0);
  CHECK(ends[static_cast<int>(weir::ending::stopped)] > 0);
}

TEST_CASE("19: a shielded cleanup reads and decodes in a stopping runtime; what awaits after it is stopped") {
  const watchdog limit(300);
  const setting s = GENERATE(from_settings());
  CAPTURE(name_of(s));
  const picture_set set(std::vector<entry>(20, entry{content::good, 60, 50}));
  for (int round = 0; round < rounds; ++round) {
    place p(s);
    const weir::stop_handle stop;
    std::size_t saved = 0;
    bool after = false;
    auto save = [&]() -> weir::task<> {
      auto take = [&](const weir::image& im) { saved += shows(im, im.index()) ? 1 : 0; };
      co_await images_of(set.paths()).for_each(take);
    };
    auto forever = []() -> weir::task<> {
      weir::event never;
      co_await never.wait();
    };
    auto work = [&]() -> weir::task<> {
      (void)co_await weir::stopped_as_optional(forever()); // swallows the stop once
      co_await weir::shield(save(), 60s);
      co_await weir::yield();
      after = true;
    };
    const stopping other(stop, round * 20us);
    const auto o = p.rt->run(work(), stop);
    REQUIRE(o.stopped());
    REQUIRE(saved == set.size());
    REQUIRE_FALSE(after);
    require_nothing_alive(*p.rt);
  }
}
