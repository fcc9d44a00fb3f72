#include <catch2/catch.hpp>

#include <deque>

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

} // namespace

TEST_CASE("a file of any size comes back byte for byte, whatever the segments") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  auto loop = make_loop(kind);
  const std::size_t size = GENERATE(0U, 1U, 100U, 4095U, 4096U, 4097U, 8192U, 8193U, 100'000U, 3'000'001U);
  const std::uint32_t each = GENERATE(4096U, 65536U);
  const int segments = GENERATE(1, 2, 50); // at first
  const std::string text = bytes(size);
  const std::string path = dir.file("f", text);
  CAPTURE(kind, size, each, segments);

  test_op op(path, each, segments);
  read(*loop, op);
  CHECK(op.result == outcome::done);
  CHECK(op.size == size);
  CHECK((op.text() == text));
  // What fits takes one trip, an exact fit too; what doesn't takes one more, since the size says how much.
  CHECK(op.mores == (size > each * static_cast<std::size_t>(segments) ? 1 : 0));
  CHECK(op.ends == 1);
  CHECK(op.fd == -1);
  CHECK(loop->engine->outstanding() == 0);
}

TEST_CASE("what can't be opened fails with the error of open, what can't be read with that of read") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  auto loop = make_loop(kind);
  std::filesystem::create_symlink("nowhere", dir / "dangling");
  std::filesystem::create_symlink("round", dir / "round");
  const std::string locked = dir.file("locked", "x");
  ::chmod(locked.c_str(), 0);
  CAPTURE(kind);
  struct expected {
    std::string path;
    int error;
    bool opening;
  };
  std::vector<expected> all{{dir / "missing", ENOENT, true},
                            {dir / "dangling", ENOENT, true},
                            {dir / "round", ELOOP, true},
                            {locked + "/below", ENOTDIR, true},
                            {"", ENOENT, true},
                            {dir / std::string(300, 'n'), ENAMETOOLONG, true},
                            {dir / ".", EISDIR, false}};
  if (::geteuid() != 0) {
    all.push_back({locked, EACCES, true});
  }
  for (const expected& e : all) {
    CAPTURE(e.path);
    test_op op(e.path);
    read(*loop, op);
    CHECK(op.result == outcome::failed);
    CHECK(op.error == e.error);
    CHECK(op.opening == e.opening);
    CHECK(op.fd == -1);
  }
}

TEST_CASE("a file that says it is empty is read to its end") {
  const std::string kind = GENERATE(from_range(engines()));
  auto loop = make_loop(kind);
  test_op op("/proc/self/status", 256);
  read(*loop, op);
  CHECK(op.result == outcome::done);
  CHECK(op.text().substr(0, 5) == "Name:");
  CHECK(op.mores > 0);
  test_op null("/dev/null");
  read(*loop, null);
  CHECK(null.result == outcome::done);
  CHECK(null.size == 0);
}

TEST_CASE("a file that grew or was cut while it was read gives what was there, and nothing that wasn't") {
  const std::string kind = GENERATE(from_range(engines()));
  const int more = GENERATE(4, 20); // segments: as many as it wants, or more
  const temporary_directory dir;
  auto loop = make_loop(kind);
  const std::string text = bytes(20'000);
  const std::string path = dir.file("f", text);
  test_op op(path, 4096);
  op.go_on = false;
  start(*loop, op);
  loop->run_until([&] { return op.mores == 1; });
  CHECK(op.wanted == 4); // (20,000 − 4,096) / 4,096, rounded up
  CHECK(loop->engine->outstanding() == 1);

  SECTION("grown") {
    std::ofstream(path, std::ios::binary | std::ios::app) << text;
    op.go_on = true;
    op.grow(more);
    loop->engine->submit(op);
    loop->run_until([&] { return op.ends == 1; });
    CHECK(op.result == outcome::done);
    CHECK((op.text() == text + text));
  }
  SECTION("cut behind what was read") {
    std::filesystem::resize_file(path, 6000);
    op.grow(more);
    loop->engine->submit(op);
    loop->run_until([&] { return op.ends == 1; });
    CHECK(op.result == outcome::done);
    CHECK((op.text() == text.substr(0, 6000)));
  }
  SECTION("cut before") {
    std::filesystem::resize_file(path, 10);
    op.grow(more);
    loop->engine->submit(op);
    loop->run_until([&] { return op.ends == 1; });
    CHECK(op.result == outcome::done);
    CHECK((op.text() == text.substr(0, 4096)));
  }
  SECTION("replaced: the old one is read on") {
    std::filesystem::remove(path);
    std::ofstream(path) << "another";
    op.grow(more);
    loop->engine->submit(op);
    loop->run_until([&] { return op.ends == 1; });
    CHECK((op.text() == text));
  }
}

TEST_CASE("a FIFO is waited for until a writer has come and gone, and gives all that was written") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  auto loop = make_loop(kind);
  const std::string path = dir.fifo("fifo");
  test_op op(path, 1000);
  start(*loop, op);
  loop->engine->flush();
  std::string text;
  SECTION("in one piece") { text = bytes(500); }
  SECTION("more than it holds") { text = bytes(300'000); }
  SECTION("nothing") {}
  SECTION("exactly a segment") { text = bytes(1000); }
  std::thread writer([&] {
    const int fd = writer_of(path);
    ::fcntl(fd, F_SETFL, 0);
    std::size_t at = 0;
    while (at < text.size()) {
      const ssize_t n = ::write(fd, text.data() + at, std::min<std::size_t>(70'000, text.size() - at));
      if (n < 0) {
        break;
      }
      at += static_cast<std::size_t>(n);
    }
    ::close(fd);
  });
  loop->run_until([&] { return op.ends == 1; });
  writer.join();
  CAPTURE(kind);
  CHECK(op.result == outcome::done);
  CHECK((op.text() == text));
}

TEST_CASE("FIFOs that nobody writes to hold up neither regular files nor each other") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  auto loop = make_loop(kind, 4);
  std::deque<test_op> fifos;
  for (int i = 0; i < 50; ++i) {
    fifos.emplace_back(dir.fifo("fifo" + std::to_string(i)));
    start(*loop, fifos.back());
  }
  const std::string text = bytes(5000);
  std::deque<test_op> files;
  for (int i = 0; i < 50; ++i) {
    files.emplace_back(dir.file("file" + std::to_string(i), text));
    start(*loop, files.back());
  }
  for (test_op& f : files) {
    loop->run_until([&] { return f.ends == 1; });
    CHECK((f.text() == text));
  }
  const int last = writer_of(fifos.back().name);
  CHECK(::write(last, "abc", 3) == 3);
  ::close(last);
  loop->run_until([&] { return fifos.back().ends == 1; });
  CHECK(fifos.back().text() == "abc");
  for (test_op& f : fifos) {
    loop->engine->cancel(f);
  }
  loop->run_until([&] { return loop->engine->outstanding() == 0; });
  for (test_op& f : fifos) {
    CHECK(f.ends == 1);
    CHECK(f.result == (&f == &fifos.back() ? outcome::done : outcome::cancelled));
  }
}

TEST_CASE("a thousand files at once come back once each, and leave no descriptor or thread") {
  const std::string kind = GENERATE(from_range(engines()));
  const temporary_directory dir;
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 1000; ++i) {
    texts.push_back(bytes(i * 37 % 20'000));
    static_cast<void>(dir.file(std::to_string(i), texts.back()));
  }
  { // libuv's pool stays, and is the host's
    auto loop = make_loop(kind);
    test_op warm("/dev/null");
    read(*loop, warm);
  }
  const int had_descriptors = descriptors();
  const int had_threads = threads();
  {
    auto loop = make_loop(kind);
    std::deque<test_op> ops;
    for (int i = 0; i < 1000; ++i) {
      ops.emplace_back(dir / std::to_string(i), 8192);
      start(*loop, ops.back());
    }
    CHECK(loop->engine->outstanding() == 1000);
    loop->run_until([&] { return loop->engine->outstanding() == 0; });
    for (unsigned i = 0; i < 1000; ++i) {
      CHECK(ops[i].ends == 1);
      CHECK((ops[i].text() == texts[i]));
    }
  }
  CHECK(becomes(had_descriptors, descriptors));
  CHECK(becomes(had_threads, threads));
}

TEST_CASE("an engine that was never used ends at once") {
  const std::string kind = GENERATE(from_range(engines()));
  std::thread([] {}).join(); // with the first one TSan starts its own
  const int had_descriptors = descriptors();
  const int had_threads = threads();
  for (int i = 0; i < 20; ++i) {
    auto loop = make_loop(kind);
    CHECK(loop->engine->name() == (kind == "uring" ? "uring" : "blocking"));
    std::vector<std::string> named;
    loop->engine->name_threads(named);
    CHECK(named.size() == (kind == "uring" ? 1U : kind == "uv" ? 0U : 4U));
  }
  CHECK(becomes(had_descriptors, descriptors));
  CHECK(becomes(had_threads, threads));
}
