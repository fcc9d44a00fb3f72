#include "delivered.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

using namespace weir::test;
using namespace weir::literals;

namespace {

/// Bytes that say where they stand.
std::vector<std::uint8_t> numbered(std::size_t size, unsigned seed) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>((i * 2654435761U + seed) >> 13);
  }
  return bytes;
}

std::vector<std::uint8_t> bytes_of(const weir::encoded& e) {
  std::vector<std::uint8_t> all(e.size());
  e.copy_to(std::as_writable_bytes(std::span(all)));
  return all;
}

struct failed_read {
  std::string origin;
  weir::stage where;
  std::string message;
};
failed_read failure_of(const weir::item<weir::encoded>& i) {
  try {
    std::rethrow_exception(i.failure());
  } catch (const weir::error& e) {
    return {e.origin(), e.where(), e.message()};
  }
}

} // namespace

TEST_CASE("files of every size around a segment's are read whole, in order, with memory for one segment or many") {
  const watchdog limit;
  const weir::engine_choice engine = GENERATE(weir::engine_choice::automatic, weir::engine_choice::blocking);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  const std::uint64_t memory = GENERATE(64_KiB, 256_KiB, 16_MiB);
  const picture_set place({});
  std::vector<std::string> paths;
  std::vector<std::vector<std::uint8_t>> contents;
  const std::size_t segment = 64 * 1024;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, segment - 1, segment, segment + 1, 2 * segment - 1,
                                 2 * segment, 2 * segment + 1, 9 * segment, 9 * segment + 7, std::size_t{3}, std::size_t{0}}) {
    paths.push_back((place.directory() / std::to_string(paths.size())).string());
    contents.push_back(numbered(size, static_cast<unsigned>(paths.size())));
    write_file(paths.back(), contents.back());
  }
  weir::runtime rt{{.workers = 1, .file_memory = memory, .engine = engine}};
  std::vector<std::uint64_t> seen;
  std::uint64_t total = 0;
  auto body = [&](weir::stream<weir::encoded>& s) -> weir::task<> {
    while (auto i = co_await s.next_item()) {
      REQUIRE_FALSE(i->failed());
      REQUIRE(i->info.from.text() == paths[i->info.index]);
      REQUIRE(i->info.file_bytes == contents[i->info.index].size());
      REQUIRE((bytes_of(i->value()) == contents[i->info.index]));
      seen.push_back(i->info.index);
      total += i->value().size();
    }
  };
  REQUIRE(rt.run(weir::with_stream(weir::files(paths) | weir::read({.in_flight = 5, .order = o}), body)).done());
  if (o == weir::order::input) {
    CHECK(std::is_sorted(seen.begin(), seen.end()));
  }
  CHECK(seen.size() == paths.size());
  CHECK(rt.metrics().bytes_read == total);
  CHECK(rt.metrics().files_read == paths.size());
  require_nothing_alive(rt);
}

TEST_CASE("files that can't be opened or read fail alone, and say which, where and why") {
  const watchdog limit;
  const weir::engine_choice engine = GENERATE(weir::engine_choice::automatic, weir::engine_choice::blocking);
  picture_set set({{}, {content::missing}, {}, {content::missing}, {}});
  std::filesystem::create_directory(set.paths()[3]);
  weir::runtime rt{{.workers = 1, .engine = engine}};
  std::vector<std::uint64_t> good;
  auto body = [&](weir::stream<weir::encoded>& s) -> weir::task<> {
    while (auto i = co_await s.next_item()) {
      if (!i->failed()) {
        good.push_back(i->info.index);
        continue;
      }
      const failed_read f = failure_of(*i);
      CHECK(f.origin == set.paths()[i->info.index]);
      if (i->info.index == 1) {
        CHECK(f.where == weir::stage::open);
        CHECK(f.message == "No such file or directory");
      } else {
        CHECK(i->info.index == 3);
        CHECK(f.message == "Is a directory");
      }
    }
  };
  REQUIRE(rt.run(weir::with_stream(weir::files(set.paths()) | weir::read(), body)).done());
  CHECK(good == std::vector<std::uint64_t>{0, 2, 4});
  require_nothing_alive(rt);
}

TEST_CASE("a FIFO that nobody writes to holds up what comes behind it, until the pipeline is stopped") {
  const watchdog limit;
  const weir::engine_choice engine = GENERATE(weir::engine_choice::automatic, weir::engine_choice::blocking);
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  picture_set set({{}, {content::missing}, {}, {}});
  REQUIRE(mkfifo(set.paths()[1].c_str(), 0600) == 0);
  weir::runtime rt{{.workers = 2, .engine = engine}};
  const weir::stop_handle stop;
  std::vector<std::uint64_t> seen;
  const std::size_t before_the_stop = o == weir::order::input ? 1 : 3;
  auto each = [&](weir::image im) {
    seen.push_back(im.index());
    if (seen.size() == before_the_stop) {
      stop.request_stop();
    }
  };
  auto images = weir::files(set.paths()) | weir::read({.order = o}) | weir::decode_png({.channels = 3}, o);
  const auto outcome = rt.run(std::move(images).for_each(each), stop);
  CHECK(outcome.stopped());
  std::sort(seen.begin(), seen.end());
  CHECK(seen == (o == weir::order::input ? std::vector<std::uint64_t>{0} : std::vector<std::uint64_t>{0, 2, 3}));
  require_nothing_alive(rt);
}

TEST_CASE("a FIFO somebody writes to is read like a file") {
  const watchdog limit;
  picture_set set({{content::missing}});
  REQUIRE(mkfifo(set.paths()[0].c_str(), 0600) == 0);
  const std::vector<std::uint8_t> png = with_ballast(one_color(16, 16, color_of(0)), 200'000);
  std::thread writer([&] { write_file(set.paths()[0], png); });
  weir::runtime rt{{.workers = 1, .memory = 1_MiB, .file_memory = 64_KiB}};
  std::size_t images = 0;
  auto each = [&](const weir::image& im) { images += shows(im, 0) ? 1 : 100; };
  const auto outcome = rt.run((weir::files(set.paths()) | weir::read() | weir::decode_png({.channels = 3})).for_each(each));
  writer.join();
  CHECK(outcome.done());
  CHECK(images == 1);
  require_nothing_alive(rt);
}

TEST_CASE("a file that no budget could hold fails alone") {
  const watchdog limit;
  const weir::order o = GENERATE(weir::order::input, weir::order::completion);
  picture_set set({{}, {}, {}});
  write_file(set.paths()[1], with_ballast(one_color(16, 16, color_of(1)), 900'000));
  weir::runtime rt{{.workers = 1, .memory = 256_KiB, .file_memory = 64_KiB}};
  delivered got(set);
  failures bad;
  const auto outcome = run_into(rt,
                                weir::files(set.paths()) | weir::read({.order = o}) | weir::decode_png({.channels = 3}, o) |
                                    weir::on_error(weir::skip_bad{}, bad.observer()),
                                got);
  REQUIRE(outcome.done());
  CHECK(got.sorted() == std::vector<std::uint64_t>{0, 2});
  REQUIRE(bad.indices() == std::vector<std::uint64_t>{1});
  CHECK(bad.seen.at(1).where == weir::stage::read);
  CHECK(bad.seen.at(1).message == "File too large");
  require_nothing_alive(rt);
}

TEST_CASE("budgets as large as there are numbers refuse nothing") {
  const watchdog limit;
  const picture_set place({});
  const std::string path = (place.directory() / "large").string();
  write_file(path, numbered(20 << 20, 1));
  const std::uint64_t file_memory = GENERATE(16_MiB, ~std::uint64_t{0});
  weir::runtime rt{{.workers = 1, .memory = ~std::uint64_t{0}, .file_memory = file_memory}};
  std::uint64_t size = 0;
  auto files = weir::files({path}) | weir::read();
  const auto outcome = rt.run(std::move(files).for_each([&](const weir::encoded& e) { size = e.size(); }));
  REQUIRE(outcome.done());
  REQUIRE(size == 20 << 20);
}
