// What reading ahead waits for is always on its way: pipelines in which nearly all memory for files is somebody else's.
#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "memory/segment.hpp"
#include "pictures.hpp"
#include "runtime/sim.hpp"
#include <weir/weir.hpp>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t budget = 64; // segments, and files

std::string name_of(std::size_t i) { return "/sim/" + std::to_string(i); }

struct disk_of_pictures {
  io::sim_disk disk;
  std::vector<std::string> paths;
  explicit disk_of_pictures(std::size_t count, std::size_t ballast = 0) {
    for (std::size_t i = 0; i < count; ++i) {
      paths.push_back(name_of(i));
      disk.put(paths.back(), {test::with_ballast(test::one_color(8, 4, test::color_of(i % 100)), ballast)});
    }
  }
};

std::unique_ptr<runtime> runtime_on(detail::simulation& machine, int workers) {
  return machine.make({.workers = workers, .memory = 1 << 20, .file_memory = budget * memory::segment_bytes});
}

encoded copy_of(const encoded& e) {
  std::vector<std::byte> bytes(e.size());
  e.copy_to(bytes);
  return encoded(std::move(bytes));
}

void require_nothing_left(const runtime& rt) {
  const audit_report left = rt.audit();
  REQUIRE(left.frames + left.leases + left.operations + left.jobs + left.held_by_user == 0);
}

/// Runs `t` while `kept` of the segments are somebody else's.
template<class F> void run_beside(runtime& rt, const std::vector<std::string>& paths, std::size_t kept, F make) {
  auto body = [&](stream<encoded>& s) -> task<> {
    std::vector<encoded> mine;
    while (mine.size() < kept) {
      mine.push_back(std::move((co_await s.next_item())->value()));
    }
    auto t = make();
    co_await with_deadline(1000s, std::move(t)); // of simulated time
  };
  const std::vector<std::string> first(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(kept));
  REQUIRE(rt.run(with_stream(files(first) | read(), body)).done());
  require_nothing_left(rt);
}

} // namespace

TEST_CASE("a stage that makes buffers of its own of the files doesn't hold up reading, whoever keeps the memory") {
  const std::uint64_t seed = GENERATE(range(1, 11));
  const std::size_t kept = GENERATE(0U, 40U, 60U);
  const bool keeps_its_input = GENERATE(false, true);
  const disk_of_pictures on(200);
  loop::world world(seed);
  detail::simulation machine(world, on.disk);
  const auto rt = runtime_on(machine, 2);
  std::size_t got = 0;
  std::vector<encoded> inputs;
  auto unpack = [&](encoded e) -> task<encoded> {
    encoded flat = copy_of(e);
    if (keeps_its_input) {
      inputs.push_back(std::move(e));
    }
    e = encoded();
    co_return std::move(flat);
  };
  auto count = [&](const image&) { ++got; };
  auto pipeline = [&]() -> task<> {
    auto t = (files(on.paths) | read() | transform(unpack) | decode_png({.channels = 3})).for_each(count);
    co_await std::move(t);
    inputs.clear();
  };
  run_beside(*rt, on.paths, kept, pipeline);
  CHECK(got == 200);
}

TEST_CASE("beside one that keeps most of the memory, a pipeline goes on to its end") {
  const std::uint64_t seed = GENERATE(range(1, 9));
  const std::size_t kept = GENERATE(40U, 50U, 60U);
  const std::size_t ballast =
      GENERATE(0U, 7 * memory::segment_bytes); // a file of an eighth of the memory isn't a large one yet
  const disk_of_pictures small(kept);
  disk_of_pictures on(300, ballast);
  for (const std::string& p : small.paths) {
    on.disk.put("/small" + p, {test::one_color(8, 4, test::color_of(0))});
  }
  loop::world world(seed);
  detail::simulation machine(world, on.disk);
  const auto rt = runtime_on(machine, 4);
  std::vector<std::string> first;
  for (const std::string& p : small.paths) {
    first.push_back("/small" + p);
  }
  std::size_t got = 0;
  auto count = [&](const image&) { ++got; };
  auto pipeline = [&]() -> task<> { return (files(on.paths) | read() | decode_png({.channels = 3})).for_each(count); };
  run_beside(*rt, first, kept, pipeline);
  CHECK(got == 300);
}

TEST_CASE("files that are open for a writer each are all opened, in order of input too, if there is a segment for each") {
  disk_of_pictures on(8);
  for (std::size_t i = 0; i < 8; ++i) {
    on.disk.put(name_of(i), {{}, io::sim_file::kind::fifo});
  }
  loop::world world(1);
  detail::simulation machine(world, on.disk);
  const auto rt = machine.make({.workers = 1, .file_memory = 8 * memory::segment_bytes});
  auto nothing = [](const encoded&) {};
  auto t = (files(on.paths) | read()).for_each(nothing);
  CHECK(rt->run(with_deadline(10s, std::move(t))).failed());
  CHECK(machine.engine().opens() == 8);
  require_nothing_left(*rt);
}
