// Whole pipelines in a simulated world.
#include <catch2/catch.hpp>

#include <array>
#include <cstring>

#include <sys/wait.h>
#include <unistd.h>

#include "pictures.hpp"
#include "runtime/sim.hpp"
#include <weir/weir.hpp>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t files_on_disk = 12;

std::string name_of(std::size_t i) { return "/sim/" + std::to_string(i); }

/// Files of one, of two and of many segments.
io::sim_disk disk_of_pictures() {
  io::sim_disk disk;
  for (std::size_t i = 0; i < files_on_disk; ++i) {
    disk.put(name_of(i), {test::with_ballast(test::one_color(8, 4, test::color_of(i)), 300 * (i % 5))});
  }
  return disk;
}

std::vector<std::string> all_paths() {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < files_on_disk; ++i) {
    paths.push_back(name_of(i));
  }
  return paths;
}

struct ran {
  ending how;
  std::vector<std::uint64_t> indices;
  std::string log;
  std::uint64_t points;
  int open_files;
};

ran run(std::uint64_t seed, std::uint64_t stop_at, std::vector<std::string> paths) {
  const io::sim_disk disk = disk_of_pictures();
  loop::world world(seed);
  world.keep_log();
  stop_handle stop;
  world.at_point(stop_at, [&] {
    stop.request_stop();
    world.stop_was_requested();
  });
  detail::simulation machine(world, disk);
  const auto rt = machine.make({.workers = 2, .memory = 1 << 20, .file_memory = 1 << 13});
  REQUIRE(rt->loop_name() == "sim");
  ran r{};
  auto each = [&](const image_batch& b) {
    for (const image& im : b) {
      REQUIRE(test::shows(im, im.index()));
      r.indices.push_back(im.index());
    }
  };
  auto p = files(std::move(paths)) | read() | decode_png({.channels = 3}) | batched(4) | prefetch(2);
  r.how = rt->run(std::move(p).for_each(each), stop).how();
  const audit_report left = rt->audit();
  REQUIRE(left.frames + left.leases + left.operations + left.jobs + left.held_by_user == 0);
  r.log = world.log();
  r.points = world.points();
  r.open_files = machine.engine().open_files();
  return r;
}

} // namespace

TEST_CASE("a pipeline runs in a simulated world as it does in the real one, whatever the times are") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const ran r = run(seed, 0, all_paths());
    REQUIRE(r.how == ending::done);
    REQUIRE(r.indices.size() == files_on_disk);
    REQUIRE(std::is_sorted(r.indices.begin(), r.indices.end()));
    REQUIRE(r.open_files == 0);
  }
}

TEST_CASE("the same seed gives the same log, byte for byte, and another seed another one") {
  const ran once = run(7, 0, all_paths());
  REQUIRE(once.log.size() > 1000);
  REQUIRE(run(7, 0, all_paths()).log == once.log);
  REQUIRE(run(8, 0, all_paths()).log != once.log);
  const ran stopped = run(7, once.points / 2, all_paths());
  REQUIRE(run(7, once.points / 2, all_paths()).log == stopped.log);
}

TEST_CASE("a pipeline that is stopped at any point of a simulated run ends, and leaves nothing") {
  const std::uint64_t points = run(3, 0, all_paths()).points;
  REQUIRE(points > 200);
  int stopped = 0;
  for (std::uint64_t at = 1; at <= points; ++at) {
    INFO("stopped at point " << at);
    const ran r = run(3, at, all_paths());
    REQUIRE(r.how != ending::failed);
    REQUIRE((r.how == ending::stopped || r.indices.size() == files_on_disk));
    REQUIRE(r.open_files == 0);
    stopped += r.how == ending::stopped ? 1 : 0;
  }
  REQUIRE(stopped > 100);
}

TEST_CASE("a read that ends only by its cancel is cancelled, though cancels are lost and come late") {
  io::sim_disk disk;
  disk.put("/sim/fifo", {{}, io::sim_file::kind::fifo});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    loop::world world(seed);
    detail::simulation machine(world, disk);
    const auto rt = machine.make({.workers = 1, .memory = 1 << 20});
    auto each = [](const encoded&) { FAIL("nobody writes to it"); };
    bool late = false;
    const std::vector<std::string> paths{"/sim/fifo"};
    auto reading = [&]() -> task<> {
      try {
        task<> read_it = (files(paths) | read()).for_each(each);
        co_await with_deadline(5ms, std::move(read_it));
      } catch (const deadline_exceeded&) {
        late = true;
      }
    };
    REQUIRE(rt->run(reading()).done());
    REQUIRE(late);
    REQUIRE(rt->audit().operations == 0);
    REQUIRE(machine.engine().open_files() == 0);
  }
}

TEST_CASE("a run in which nothing can ever happen again ends at once, and says so") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork(); // there is no way back from a violation
  if (child == 0) {
    const io::sim_disk disk;
    loop::world world(1);
    world.on_violation = [&](const char* what) {
      const ssize_t written = write(ends[1], what, std::strlen(what));
      _exit(written > 0 ? 7 : 1);
    };
    detail::simulation machine(world, disk);
    const auto rt = machine.make({.workers = 1, .memory = 1 << 20});
    channel<int> empty(1);
    auto waiting = [&]() -> task<> { (void)co_await empty.receive(); };
    (void)rt->run(waiting());
    _exit(0);
  }
  close(ends[1]);
  std::array<char, 200> text{};
  REQUIRE(::read(ends[0], text.data(), text.size() - 1) > 0);
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 7);
  REQUIRE(std::string(text.data()) == "nothing can ever happen again");
}
