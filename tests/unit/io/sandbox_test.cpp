#include <catch2/catch.hpp>

#include <cerrno>
#include <chrono>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <thread>

#include <sys/resource.h>

#include "forbid.hpp"
#include "io/make_engine.hpp"
#include "test_files.hpp"
#include "test_op.hpp"

// What a sandbox may forbid, and what may run out. The hidden test cases run in processes of their own, which the others start.

using namespace weir;
using namespace weir::test;
using outcome = io::read_op::outcome;

namespace {

constexpr unsigned setup = SYS_io_uring_setup;
constexpr unsigned enter = SYS_io_uring_enter;
constexpr unsigned registering = SYS_io_uring_register;

bool limit_descriptors(rlim_t to) {
  const rlimit limit{to, to};
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

} // namespace

TEST_CASE("automatic reads without the ring", "[.child]") {
  const temporary_directory dir;
  const std::string text = bytes(100'000);
  own_test_loop loop;
  loop.engine = io::make_engine(io::engine_kind::automatic, loop);
  CHECK(loop.engine->name() == "blocking");
  test_op op(dir.file("f", text));
  read(loop, op);
  CHECK((op.text() == text));
}

TEST_CASE("the ring asked for by name says what was refused", "[.child]") {
  own_test_loop loop;
  std::thread([] {}).join(); // with the first one TSan starts its own
  const int had = descriptors();
  const int had_threads = threads();
  try {
    loop.engine = io::make_engine(io::engine_kind::uring, loop);
    FAIL("it worked");
  } catch (const std::system_error& e) {
    CHECK((e.code().value() == EPERM || e.code().value() == ENOSYS || e.code().value() == EMFILE));
    CHECK_THAT(e.what(), Catch::Contains("io_uring can't be used here"));
  }
  CHECK(becomes(had, descriptors));
  CHECK(becomes(had_threads, threads));
}

TEST_CASE("automatic reads with the ring", "[.child]") {
  own_test_loop loop;
  loop.engine = io::make_engine(io::engine_kind::automatic, loop);
  CHECK(loop.engine->name() == "uring");
  test_op op("/proc/self/status");
  read(loop, op);
  CHECK(op.result == outcome::done);
}

TEST_CASE("where io_uring is forbidden, wholly or in part, automatic falls back and uring says why") {
  const unsigned error = GENERATE(unsigned{EPERM}, unsigned{ENOSYS});
  const unsigned first = GENERATE(setup, enter);
  CAPTURE(error, first);
  const auto filter = [&] { return forbid(first, first == setup ? registering : enter, error); };
  CHECK(in_a_process_of_its_own("automatic reads without the ring", filter) == 0);
  CHECK(in_a_process_of_its_own("the ring asked for by name says what was refused", filter) == 0);
}

TEST_CASE("the ring does without io_uring_register") {
  if (!ring_works()) {
    WARN("skipped: io_uring is forbidden here");
    return;
  }
  CHECK(in_a_process_of_its_own("automatic reads with the ring", [] { return forbid(registering, registering, EPERM); }) == 0);
}

TEST_CASE("io_uring_enter is forbidden in the middle", "[.child]") {
  const temporary_directory dir;
  const std::string text = bytes(150'000);
  std::deque<test_op> ops;
  auto loop = make_loop("uring", 8);
  test_op parked(dir.fifo("parked"));
  test_op written(dir.fifo("written"));
  test_op open_file(dir.file("open", text));
  open_file.go_on = false;
  start(*loop, parked);
  start(*loop, written);
  start(*loop, open_file);
  loop->run_until([&] { return open_file.mores == 1; });
  const int one = writer_of(parked.name); // both are in the kernel now, or about to be
  const int other = writer_of(written.name);

  REQUIRE(forbid(enter, enter, EPERM));
  for (int i = 0; i < 50; ++i) {
    ops.emplace_back(dir.file(std::to_string(i), text));
    start(*loop, ops.back());
  }
  test_op missing(dir / "missing");
  start(*loop, missing);
  loop->run_until([&] { return loop->engine->outstanding() == 3; });
  for (test_op& op : ops) {
    CHECK(op.result == outcome::done);
    CHECK((op.text() == text));
  }
  CHECK(missing.error == ENOENT);
  open_file.grow(static_cast<int>(open_file.wanted));
  loop->engine->submit(open_file);
  loop->run_until([&] { return open_file.ends == 1; });
  CHECK((open_file.text() == text));
  CHECK(::write(other, "abc", 3) == 3);
  ::close(other);
  loop->run_until([&] { return written.ends == 1; });
  CHECK(written.text() == "abc");
  loop->engine->cancel(parked);
  loop->run_until([&] { return parked.ends == 1; });
  CHECK(parked.result == outcome::cancelled);
  ::close(one);
}

TEST_CASE("a filter that comes later, and forbids io_uring_enter only, loses nothing") {
  if (!ring_works()) {
    WARN("skipped: io_uring is forbidden here");
    return;
  }
  CHECK(in_a_process_of_its_own("io_uring_enter is forbidden in the middle", [] { return true; }) == 0);
}

namespace {

/// A loop with an engine and `spare` descriptors for its files.
class short_of_descriptors {
public:
  short_of_descriptors(const std::string& kind, int spare) : loop(make_loop(kind)) {
    test_op warm(dir.fifo("warm")); // what the engine makes for a first FIFO
    start(*loop, warm);
    loop->engine->flush();
    const int writer = writer_of(warm.name);
    loop->engine->cancel(warm);
    loop->run_until([&] { return warm.ends == 1; });
    ::close(writer);
    REQUIRE(limit_descriptors(64));
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) { // every number below the limit, but for `spare`
      taken_.push_back(fd);
    }
    for (int i = 0; i < spare; ++i) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }
  short_of_descriptors(const short_of_descriptors&) = delete;
  short_of_descriptors& operator=(const short_of_descriptors&) = delete;
  ~short_of_descriptors() {
    for (const int fd : taken_) {
      ::close(fd);
    }
  }

  const temporary_directory dir;
  std::unique_ptr<test_loop> loop;

private:
  std::deque<int> taken_;
};

void read_with_few_descriptors(const std::string& kind, int spare) {
  short_of_descriptors here(kind, spare);
  const std::string text = bytes(70'000);
  const std::string path = spare > 0 ? here.dir.file("file", text) : "/proc/self/exe";
  std::deque<test_op> ops;
  for (int i = 0; i < 100; ++i) {
    ops.emplace_back(path, 65536U, 2);
    start(*here.loop, ops.back());
  }
  here.loop->run_until([&] { return here.loop->engine->outstanding() == 0; });
  for (test_op& op : ops) {
    CHECK(op.ends == 1);
    if (spare > 0) {
      CHECK(op.result == outcome::done);
    } else {
      CHECK(op.error == EMFILE);
      CHECK(op.opening);
    }
  }
}

/// Each file gets memory for more than its beginning only when those before it have been read, and the last is opened first: so
/// the first can't wait for the others.
void read_in_turn_with_few_descriptors(const std::string& kind) {
  short_of_descriptors here(kind, 2);
  std::deque<test_op> ops;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 40; ++i) {
    texts.push_back(bytes(70'000 + i));
    ops.emplace_back(here.dir.file(std::to_string(i), texts.back()), 4096U);
    ops.back().go_on = false;
  }
  for (std::size_t i = ops.size(); i-- > 0;) {
    start(*here.loop, ops[i]);
    here.loop->engine->flush();
  }
  std::size_t oldest = 0;
  int given = 0; // of the oldest's requests
  here.loop->run_until([&] {
    for (; oldest < ops.size() && ops[oldest].ends > 0; ++oldest) {
      given = 0;
    }
    if (oldest < ops.size() && ops[oldest].mores > given) {
      given = ops[oldest].mores;
      ops[oldest].grow(static_cast<int>(ops[oldest].wanted));
      here.loop->engine->submit(ops[oldest]);
    }
    return oldest == ops.size();
  });
  for (std::size_t i = 0; i < ops.size(); ++i) {
    CAPTURE(i);
    CHECK(ops[i].ends == 1);
    CHECK(ops[i].result == outcome::done);
    CHECK(ops[i].text() == texts[i]);
  }
}

/// Is closed while it waits, for another file's sake, and is replaced meanwhile; or cancelled.
void replace_while_it_waits(const std::string& kind) {
  short_of_descriptors here(kind, 1);
  const std::string path = here.dir.file("waits", bytes(70'000));
  test_op waits(path);
  test_op leaves(here.dir.file("leaves", bytes(80'000)));
  test_op other(here.dir.file("other", bytes(100)));
  test_op another(here.dir.file("another", bytes(200)));
  test_op ends(here.dir.file("ends", bytes(80'000)));
  test_op last(here.dir.file("last", bytes(300)));
  waits.go_on = leaves.go_on = ends.go_on = false;
  start(*here.loop, waits);
  here.loop->run_until([&] { return waits.mores == 1; });
  read(*here.loop, other);
  CHECK(other.result == outcome::done);
  start(*here.loop, leaves);
  here.loop->run_until([&] { return leaves.mores == 1; });
  read(*here.loop, another);
  CHECK(another.result == outcome::done);
  here.loop->engine->cancel(leaves);
  here.loop->run_until([&] { return leaves.ends == 1; });
  CHECK(leaves.result == outcome::cancelled);

  start(*here.loop, ends);
  here.loop->run_until([&] { return ends.mores == 1; });
  start(*here.loop, last);
  here.loop->engine->flush();
  std::this_thread::sleep_for(std::chrono::milliseconds(50)); // it has found no descriptor by now
  here.loop->engine->cancel(ends);
  here.loop->run_until([&] { return last.ends == 1 && ends.ends == 1; });
  CHECK(last.result == outcome::done);

  const std::string now(90'000, 'n');
  std::filesystem::rename(here.dir.file("new", now), path);
  waits.grow(1);
  waits.engine->submit(waits);
  here.loop->run_until([&] { return waits.ends == 1; });
  CHECK(waits.result == outcome::done);
  CHECK(waits.text() == now);
}

} // namespace

TEST_CASE("few descriptors for uring", "[.child]") { read_with_few_descriptors("uring", 2); }
TEST_CASE("few descriptors for blocking", "[.child]") { read_with_few_descriptors("blocking", 2); }
TEST_CASE("few descriptors for uv", "[.child]") { read_with_few_descriptors("uv", 2); }
TEST_CASE("descriptors in turn for uring", "[.child]") { read_in_turn_with_few_descriptors("uring"); }
TEST_CASE("descriptors in turn for blocking", "[.child]") { read_in_turn_with_few_descriptors("blocking"); }
TEST_CASE("descriptors in turn for uv", "[.child]") { read_in_turn_with_few_descriptors("uv"); }
TEST_CASE("replaced while it waits for uring", "[.child]") { replace_while_it_waits("uring"); }
TEST_CASE("replaced while it waits for blocking", "[.child]") { replace_while_it_waits("blocking"); }
TEST_CASE("replaced while it waits for uv", "[.child]") { replace_while_it_waits("uv"); }
TEST_CASE("no descriptors for uring", "[.child]") { read_with_few_descriptors("uring", 0); }
TEST_CASE("no descriptors for blocking", "[.child]") { read_with_few_descriptors("blocking", 0); }
TEST_CASE("no descriptors for uv", "[.child]") { read_with_few_descriptors("uv", 0); }

namespace {

/// Each of them with each engine, in a process of its own.
void check_with_each_engine(std::initializer_list<const char*> children) {
  const std::string kind = GENERATE("uring", "blocking", "uv");
  if ((kind == "uring" && !ring_works()) || !can_run_out_of_descriptors) {
    WARN("skipped: io_uring is forbidden here, or this is a UBSan build");
    return;
  }
  for (const char* const child : children) {
    CAPTURE(child, kind);
    CHECK(in_a_process_of_its_own((std::string(child) + " for " + kind).c_str(), [] { return true; }) == 0);
  }
}

} // namespace

TEST_CASE("a file that finds no free descriptor waits for another file's, and fails only where there is none") {
  check_with_each_engine({"few descriptors", "no descriptors"});
}

TEST_CASE(
    "a file that waits for memory gives its descriptor to one that has none, and goes on, or begins again if it has changed") {
  check_with_each_engine({"descriptors in turn", "replaced while it waits"});
}

TEST_CASE("no descriptor is left for a ring", "[.child]") {
  REQUIRE(limit_descriptors(64));
  own_test_loop loop;
  std::deque<int> taken;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) {
    taken.push_back(fd);
  }
  ::close(taken.front()); // one is enough for the wake-up, not for the ring
  CHECK_THROWS_AS(io::make_engine(io::engine_kind::uring, loop), std::system_error);
  loop.engine = io::make_engine(io::engine_kind::automatic, loop);
  CHECK(loop.engine->name() == "blocking");
}

TEST_CASE("where descriptors run out, making an engine falls back too") {
  if (!can_run_out_of_descriptors) {
    WARN("skipped in a UBSan build");
    return;
  }
  CHECK(in_a_process_of_its_own("no descriptor is left for a ring", [] { return true; }) == 0);
}
