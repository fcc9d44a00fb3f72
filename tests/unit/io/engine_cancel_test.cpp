#include <catch2/catch.hpp>

#include <csignal>
#include <deque>
#include <random>

#include "test_files.hpp"
#include "test_op.hpp"

using namespace weir;
using namespace weir::test;
using outcome = io::read_op::outcome;

namespace {

std::vector<std::string> engines() {
  std::vector<std::string> all{"blocking", "uv"};
  if (ring_works()) {
    all.insert(all.begin(), "uring");
  }
  return all;
}

/// So that the next read of it has to go to the device.
void drop_from_cache(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

} // namespace

TEST_CASE("what is cancelled before it was handed over never touches the file, and comes back in a later turn") {
  const std::string kind = GENERATE(from_range(engines()));
  auto loop = make_loop(kind);
  test_op op("/proc/self/status");
  start(*loop, op);
  loop->engine->cancel(op);
  loop->engine->cancel(op);
  CHECK(op.ends == 0); // not inline
  loop->run_until([&] { return op.ends == 1; });
  CHECK(op.result == outcome::cancelled);
  CHECK(op.size == 0);
  CHECK(loop->engine->outstanding() == 0);
  loop->engine->cancel(op); // it has ended: nothing happens
  loop->engine->flush();
  loop->drain();
  CHECK(op.ends == 1);
}

TEST_CASE("an operation whose stop flag is up when it is submitted is cancelled") {
  const std::string kind = GENERATE(from_range(engines()));
  auto loop = make_loop(kind);
  const std::atomic<bool> root{true};
  test_op op("/proc/self/status");
  op.root = &root;
  read(*loop, op);
  CHECK(op.result == outcome::cancelled);
}

TEST_CASE("a FIFO that is waited for is cancelled, and its descriptor goes with it") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  if (kind == "uv") { // libuv's pool stays
    auto warm = make_loop(kind);
    test_op null("/dev/null");
    read(*warm, null);
  }
  const int had = descriptors();
  auto loop = make_loop(kind);
  test_op op(dir.fifo("fifo"));
  start(*loop, op);
  loop->engine->flush();
  int writer = -1;
  SECTION("which may not even have been opened yet") {}
  SECTION("which has a writer that says nothing") { writer = writer_of(op.name); }
  SECTION("which has given something already") {
    writer = writer_of(op.name);
    CHECK(::write(writer, "abc", 3) == 3);
  }
  loop->engine->cancel(op);
  loop->engine->cancel(op);
  loop->run_until([&] { return op.ends == 1; });
  CHECK(op.result == outcome::cancelled);
  if (writer >= 0) {
    auto* const before = std::signal(SIGPIPE, SIG_IGN);
    CHECK(::write(writer, "d", 1) == -1); // nobody has it open for reading any more
    std::signal(SIGPIPE, before);
    ::close(writer);
  }
  loop.reset();
  CHECK(becomes(had, descriptors));
}

TEST_CASE("cancelling after `more` closes the file and comes back once") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  const std::string path = dir.file("f", bytes(50'000));
  auto loop = make_loop(kind);
  test_op first(path);
  read(*loop, first);
  const int had = descriptors();
  test_op op(path, 4096);
  op.go_on = false;
  start(*loop, op);
  loop->run_until([&] { return op.mores == 1; });
  CHECK(descriptors() == had + 1);
  SECTION("with the loop") { loop->engine->cancel(op); }
  SECTION("submitted again in the same turn") {
    op.grow(20);
    loop->engine->submit(op);
    loop->engine->cancel(op);
  }
  SECTION("submitted again and handed over") {
    op.grow(20);
    loop->engine->submit(op);
    loop->engine->flush();
    loop->engine->cancel(op);
  }
  CHECK(op.ends == 0);
  loop->run_until([&] { return op.ends == 1; });
  CHECK((op.result == outcome::cancelled || (op.result == outcome::done && op.size == 50'000)));
  CHECK(op.mores == 1);
  CHECK(becomes(had, descriptors));
}

TEST_CASE("cancelled while `more` is on its way, the owner hears of the end only") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  const std::string path = dir.file("f", bytes(50'000));
  auto loop = make_loop(kind);
  test_op op(path, 4096);
  op.go_on = false;
  start(*loop, op);
  loop->await_post();
  loop->engine->cancel(op);
  loop->run_until([&] { return op.ends == 1; });
  CHECK(op.result == outcome::cancelled);
  CHECK(op.mores == 0);
  CHECK(op.fd == -1);
}

TEST_CASE("what the kernel has in hand when it is cancelled is waited for: no late write, no late descriptor") {
  const std::string kind = GENERATE(from_range(engines()));
  auto warm = make_loop(kind); // libuv's pool stays
  test_op null("/dev/null");
  read(*warm, null);
  warm.reset();
  const int had = descriptors();
  auto loop = make_loop(kind, 16);
  std::mt19937 random(11);
  std::deque<test_op> ops; // kept to the end, to see whether anything writes to them
  for (int round = 0; round < 100; ++round) {
    const std::size_t first = ops.size();
    for (int i = 0; i < 16; ++i) {
      // Opened and read by kernel workers, and slow to make.
      ops.emplace_back(i % 4 == 0 ? "/proc/self/smaps" : "/proc/self/maps", 65536U, 2);
      ops.back().on_end = [](test_op& op) { op.scribble(); };
      start(*loop, ops.back());
    }
    loop->engine->flush();
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % (round % 2 == 0 ? 80 : 1000));
    while (std::chrono::steady_clock::now() < until) {
    }
    for (std::size_t i = first; i < ops.size(); ++i) {
      loop->engine->cancel(ops[i]);
    }
    loop->run_until([&] { return loop->engine->outstanding() == 0; });
  }
  loop.reset();
  CHECK(becomes(had, descriptors));
  for (const test_op& op : ops) {
    CHECK(op.ends == 1);
    CHECK(op.scribbled());
  }
}

TEST_CASE("whatever is cancelled at whatever moment comes back exactly once, and its memory is never written to again") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  const std::string text = bytes(200'000);
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) {
    paths.push_back(dir.file("f" + std::to_string(i), text));
  }
  for (int i = 0; i < 10; ++i) {
    paths.push_back(dir.fifo("p" + std::to_string(i)));
  }
  paths.push_back(dir / "missing");
  auto loop = make_loop(kind, 8);
  const int rounds = 30;
  std::mt19937 random(7);
  for (int round = 0; round < rounds; ++round) {
    if (round % 3 == 0) {
      for (int i = 0; i < 40; ++i) {
        drop_from_cache(paths[static_cast<std::size_t>(i)]);
      }
    }
    std::deque<test_op> ops;
    for (const std::string& p : paths) {
      ops.emplace_back(p, 65536U, 1 + static_cast<int>(random() % 4));
      ops.back().on_end = [](test_op& op) {
        if (op.result == outcome::cancelled) {
          op.scribble();
        }
      };
      start(*loop, ops.back());
      if (random() % 4 == 0) {
        loop->engine->flush();
      }
    }
    std::vector<test_op*> order;
    for (test_op& op : ops) {
      order.push_back(&op);
    }
    std::shuffle(order.begin(), order.end(), random);
    for (test_op* op : order) {
      switch (random() % 4) {
      case 0: loop->engine->flush(); break;
      case 1: loop->drain(); break;
      default: break;
      }
      loop->engine->cancel(*op);
    }
    loop->run_until([&] { return loop->engine->outstanding() == 0; });
    std::this_thread::sleep_for(std::chrono::milliseconds(1)); // a late write would come here
    for (test_op& op : ops) {
      CHECK(op.ends == 1);
      switch (op.result) {
      case outcome::cancelled: CHECK(op.scribbled()); break;
      case outcome::done: CHECK((op.text() == text)); break;
      default: CHECK(op.error == ENOENT);
      }
    }
  }
}

TEST_CASE("one operation of many is cancelled, and the others go on") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  const std::string text = bytes(30'000);
  auto loop = make_loop(kind, 4);
  std::deque<test_op> ops;
  for (int i = 0; i < 100; ++i) {
    ops.emplace_back(dir.file(std::to_string(i), text));
    start(*loop, ops.back());
  }
  loop->engine->flush();
  for (unsigned i = 0; i < 100; i += 7) {
    loop->engine->cancel(ops[i]);
  }
  loop->run_until([&] { return loop->engine->outstanding() == 0; });
  for (unsigned i = 0; i < 100; ++i) {
    if (i % 7 != 0) {
      CHECK(ops[i].result == outcome::done);
      CHECK((ops[i].text() == text));
    }
  }
}
