// How files are asked for: here, because a simulated engine can be asked how often it was called, and nothing depends on how
// busy the machine is.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "memory/segment.hpp"
#include "pictures.hpp"
#include "runtime/sim.hpp"
#include <weir/weir.hpp>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t segment = memory::segment_bytes;

std::string name_of(std::size_t i) { return "/sim/" + std::to_string(i); }

struct disk_of_sizes {
  io::sim_disk disk;
  std::vector<std::string> paths;
  explicit disk_of_sizes(const std::vector<std::size_t>& sizes) {
    for (const std::size_t size : sizes) {
      paths.push_back(name_of(paths.size()));
      disk.put(paths.back(), {std::vector<std::uint8_t>(size, std::uint8_t{7})});
    }
  }
};

void require_nothing_left(const runtime& rt) {
  const audit_report left = rt.audit();
  REQUIRE(left.frames + left.leases + left.operations + left.jobs + left.held_by_user == 0);
}

} // namespace

TEST_CASE("where memory is full, files are asked for several at a time, and with all the memory that they need") {
  const std::size_t each = GENERATE(1U, 3U);    // segments
  const bool one_large = GENERATE(false, true); // ahead of them
  const std::uint64_t seed = GENERATE(range(0, 20));
  constexpr std::size_t count = 200;
  constexpr std::size_t budget = 64; // segments
  std::vector<std::size_t> sizes(count, each * segment - 100);
  sizes[0] = one_large ? 20 * segment : sizes[0];
  const disk_of_sizes on(sizes);
  loop::world world(seed);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = budget * segment});
  std::size_t got = 0;
  std::size_t rounds = 0;
  std::uint64_t read_so_far = 0;
  auto body = [&](stream<encoded>& s) -> task<> {
    while (auto i = co_await s.next_item()) {
      REQUIRE(i->value().size() == sizes[got]);
      ++got;
      i.reset();
      co_await sleep_for(500ms); // of simulated time: all that was asked for has been read
      const std::uint64_t read_now = rt->metrics().files_read;
      rounds += read_now != read_so_far ? 1 : 0;
      read_so_far = read_now;
    }
  };
  REQUIRE(rt->run(with_stream(files(on.paths) | read({.in_flight = count}), body)).done());
  CHECK(got == count);
  if (each == 1 && !one_large) { // nobody has to grow
    CHECK(rt->metrics().file_memory_high_water <= budget * segment);
  }
  // Of the first files nobody knows the size: they ask for more, one by one. Then it is a third of the memory each time.
  const std::size_t first = each > 1 || one_large ? budget * 5 / 4 : 0;
  CHECK(machine.engine().submits() <= count + first);
  INFO(rounds << " rounds");
  CHECK(rounds <= first + count * each / (budget / 4));
  require_nothing_left(*rt);
}

TEST_CASE("whoever keeps what it was given has the next file read while it is busy, and more as soon as it gives some back") {
  constexpr std::size_t budget = 64; // segments, and files
  const disk_of_sizes on(std::vector<std::size_t>(3 * budget, 100));
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = budget * segment});
  auto body = [&](stream<encoded>& s) -> task<> {
    std::vector<encoded> kept;
    while (kept.size() < 2 * budget) {
      kept.push_back(std::move((co_await s.next_item())->value()));
      co_await sleep_for(500ms);                                                  // of simulated time
      REQUIRE((rt->metrics().files_read > kept.size() || kept.size() >= budget)); // beyond it, only when it is asked for
    }
    kept.resize(3);
    co_await sleep_for(500ms);
    CHECK(rt->metrics().files_read > 2 * budget + budget / 2);
  };
  REQUIRE(rt->run(with_stream(files(on.paths) | read(), body)).done());
  require_nothing_left(*rt);
}

TEST_CASE("of large files, as many are open as there is memory for their parts") {
  constexpr std::size_t budget = 64; // segments
  const disk_of_sizes on(std::vector<std::size_t>(20, 40 * segment));
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = budget * segment});
  std::size_t got = 0;
  auto body = [&](stream<encoded>& s) -> task<> {
    while (auto i = co_await s.next_item()) {
      ++got;
      i.reset();
      co_await sleep_for(500ms); // of simulated time
      REQUIRE(machine.engine().opens() >= std::min(got + 2, on.paths.size()));
    }
  };
  REQUIRE(rt->run(with_stream(files(on.paths) | read(), body)).done());
  CHECK(got == on.paths.size());
  require_nothing_left(*rt);
}

TEST_CASE("what one pipeline keeps for long leaves the other what there is beside it, several files at a time") {
  constexpr std::size_t budget = 64; // segments, and files
  const disk_of_sizes on(std::vector<std::size_t>(200, 100));
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = budget * segment});
  std::size_t rounds = 0;
  std::uint64_t read_so_far = 0;
  auto other = [&](stream<encoded>& s) -> task<> {
    while (auto i = co_await s.next_item()) {
      i.reset();
      co_await sleep_for(500ms); // of simulated time
      rounds += rt->metrics().files_read != read_so_far ? 1 : 0;
      read_so_far = rt->metrics().files_read;
    }
  };
  auto body = [&](stream<encoded>& s) -> task<> {
    std::vector<encoded> kept;
    while (kept.size() < budget * 7 / 10) { // with these, no third of the memory comes back
      kept.push_back(std::move((co_await s.next_item())->value()));
    }
    auto p = with_stream(files(on.paths) | read(), other);
    co_await std::move(p);
  };
  const std::vector<std::string> first(on.paths.begin(), on.paths.begin() + budget * 7 / 10);
  REQUIRE(rt->run(with_stream(files(first) | read(), body)).done());
  INFO(rounds << " rounds");
  CHECK(rounds <= 40);
  require_nothing_left(*rt);
}

TEST_CASE("where decodes have all the memory for files, the next ones are asked for when they have given a third of it back") {
  constexpr std::size_t budget = 64; // segments, and files
  constexpr std::size_t count = 600;
  const std::uint64_t seed = GENERATE(range(0, 20));
  disk_of_sizes on(std::vector<std::size_t>(count, 0));
  for (std::size_t i = 0; i < count; ++i) {
    on.disk.put(name_of(i), {test::one_color(8, 4, test::color_of(i))});
  }
  loop::world world(seed);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 2, .memory = 1 << 20, .file_memory = budget * segment});
  std::size_t got = 0;
  std::size_t swings = 0; // of how many files are ahead
  bool high = false;
  auto each = [&](const image& im) {
    REQUIRE(test::shows(im, im.index()));
    ++got;
    const std::uint64_t ahead = machine.engine().opens() - got;
    swings += high && ahead <= budget * 7 / 10 ? 1 : 0;
    high = ahead >= budget * 8 / 10 || (high && ahead > budget * 7 / 10);
  };
  REQUIRE(rt->run((files(on.paths) | read() | decode_png({.channels = 3})).for_each(each)).done());
  CHECK(got == count);
  INFO(swings << " times");
  CHECK(swings >= 3); // one file for each that comes back: then it is high from the beginning to the end
  require_nothing_left(*rt);
}

TEST_CASE("a file that is smaller than those before it gives back what it doesn't need, as soon as it has been read") {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < 120; ++i) {
    sizes.push_back(i % 4 == 0 ? 4 * segment : i % 4 == 1 ? 0 : i % 4 == 2 ? segment : segment + 1);
  }
  const disk_of_sizes on(sizes);
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = 256 * segment});
  std::vector<encoded> kept;
  std::vector<std::size_t> had;
  auto body = [&](stream<encoded>& s) -> task<> {
    while (auto i = co_await s.next_item()) {
      had.push_back(count_of(i->value().first()));
      kept.push_back(std::move(i->value()));
    }
    kept.clear();
  };
  REQUIRE(rt->run(with_stream(files(on.paths) | read(), body)).done());
  REQUIRE(had.size() == sizes.size());
  for (std::size_t i = 0; i < had.size(); ++i) {
    CHECK(had[i] == std::max<std::size_t>((sizes[i] + segment - 1) / segment, 1));
  }
  require_nothing_left(*rt);
}

TEST_CASE("in completion order, files that never end have one segment each, and leave the rest to those that do") {
  constexpr std::size_t budget = 64; // segments
  constexpr std::size_t fifos = 58;  // of four segments each, as the first file has, they would have all there is
  disk_of_sizes on(std::vector<std::size_t>(fifos + 4, 4 * segment));
  for (std::size_t i = 1; i <= fifos; ++i) {
    on.disk.put(name_of(i), {{}, io::sim_file::kind::fifo});
  }
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = budget * segment, .io_depth = 128});
  // So that the first file has told how large they are before the others are opened.
  auto slowly = [](path p) -> task<path> {
    co_await sleep_for(500ms);
    co_return std::move(p);
  };
  std::size_t got = 0;
  auto body = [&](stream<encoded>& s) -> task<> {
    while (got < 4) {
      auto i = co_await s.next_item();
      REQUIRE(i->value().size() == 4 * segment);
      ++got;
    }
  };
  REQUIRE(rt->run(with_stream(files(on.paths) | transform(slowly, {.in_flight = 1}) | read({.order = order::completion}), body))
              .done());
  CHECK(got == 4);
  require_nothing_left(*rt);
}
