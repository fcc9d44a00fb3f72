#include "cli/inputs.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temporary_directory.hpp"

using namespace cli;

namespace {

using paths = std::vector<std::string>;

paths found(const paths& given) {
  const auto result = expand(given, {});
  CHECK(result.complete);
  return result.paths;
}

std::string list_in(const std::string& path) { return std::string("@").append(path); }

} // namespace

TEST_CASE("a file that is named is an input whatever its name, and whether or not it exists") {
  const temporary_directory at;
  const auto text = at.file("text.txt");
  CHECK(found({text, at / "missing", text}) == paths{text, at / "missing", text});
}

TEST_CASE("a directory is searched in any depth for *.png in any case, hidden files too") {
  const temporary_directory at;
  for (const char* name : {"b.png", "A.PNG", ".hidden.png", ".png", ".deep/x/y.pNg", "no.jpg", "png", "x.png.txt"})
    at.file(name);
  CHECK(found({at.path()}) == paths{at / ".deep/x/y.pNg", at / ".hidden.png", at / ".png", at / "A.PNG", at / "b.png"});
}

TEST_CASE("a directory's files are sorted by the bytes of the whole path") {
  const temporary_directory at;
  for (const char* name : {"a/z.png", "a.png", "a!.png", "aa.png", "\xff.png", "B.png", "\xc3\xa4.png"})
    at.file(name);
  CHECK(found({at.path()}) ==
        paths{at / "B.png", at / "a!.png", at / "a.png", at / "a/z.png", at / "aa.png", at / "\xc3\xa4.png", at / "\xff.png"});
}

TEST_CASE("paths keep the order in which they were given, and a trailing slash is not doubled") {
  const temporary_directory at;
  at.file("z/1.png");
  at.file("a/2.png");
  CHECK(found({at / "z/", at / "a", at / "z"}) == paths{at / "z/1.png", at / "a/2.png", at / "z/1.png"});
}

TEST_CASE("links to files count, links to directories don't, a link that is named is followed") {
  const temporary_directory at;
  const auto real = at.file("tree/real.png");
  at.file("elsewhere/other.png");
  REQUIRE(symlink("real.png", (at / "tree/link.png").c_str()) == 0);
  REQUIRE(symlink("../elsewhere", (at / "tree/directory").c_str()) == 0);
  REQUIRE(symlink("../elsewhere", (at / "tree/directory.png").c_str()) == 0);
  REQUIRE(symlink(".", (at / "tree/loop").c_str()) == 0);
  REQUIRE(symlink("nowhere", (at / "tree/dangling.png").c_str()) == 0);
  REQUIRE(symlink("self.png", (at / "tree/self.png").c_str()) == 0);
  CHECK(found({at / "tree"}) == paths{at / "tree/dangling.png", at / "tree/link.png", real, at / "tree/self.png"});
  CHECK(found({at / "tree/directory"}) == paths{at / "tree/directory/other.png"});
}

TEST_CASE("a FIFO is an input and a directory with a png's name is searched") {
  const temporary_directory at;
  at.file("x.png/inner.png");
  REQUIRE(mkfifo((at / "pipe.png").c_str(), 0600) == 0);
  CHECK(found({at.path()}) == paths{at / "pipe.png", at / "x.png/inner.png"});
}

TEST_CASE("a directory whose path is too long to open is an input of its own") {
  const temporary_directory at;
  const std::string name(200, 'd');
  int from = open(at.path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 30; ++depth) {
    REQUIRE(mkdirat(from, name.c_str(), 0700) == 0);
    const int deeper = openat(from, name.c_str(), O_RDONLY | O_DIRECTORY);
    REQUIRE(deeper >= 0);
    close(from);
    from = deeper;
  }
  close(from);
  const auto result = found({at.path()});
  REQUIRE(result.size() == 1);
  CHECK(result[0].size() > 4000);
}

TEST_CASE("a list has a path a line, directories in it are searched, empty lines passed over, bytes kept") {
  const temporary_directory at;
  at.file("tree/1.png");
  at.file("odd.png/2.png");
  const auto list =
      at.file("list", at / "tree" + "\n\n" + at / "missing\t.png" + "\n-\n@x\n" + at / "odd.png" + "\n\xff\r\nlast");
  CHECK(found({list_in(list)}) ==
        paths{at / "tree/1.png", at / "missing\t.png", "-", "@x", at / "odd.png/2.png", "\xff\r", "last"});
}

TEST_CASE("an empty directory and an empty list are no inputs") {
  const temporary_directory at;
  CHECK(found({at.path()}).empty());
  CHECK(found({list_in(at.file("list"))}).empty());
}

TEST_CASE("a list that can't be read, or that has a NUL byte, is an error that says so") {
  const temporary_directory at;
  CHECK_THROWS_WITH(expand({list_in(at / "missing")}, {}), Catch::Contains("missing") && Catch::Contains("No such file"));
  CHECK_THROWS_WITH(expand({list_in(at.path())}, {}), Catch::Contains("Is a directory"));
  CHECK_THROWS_WITH(expand({list_in(at.file("nul", std::string("a\0b\0", 4)))}, {}), Catch::Contains("NUL"));
}

TEST_CASE("a signal and a deadline end the wait for a list that nobody writes") {
  const temporary_directory at;
  REQUIRE(mkfifo((at / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(
      expand({list_in(at / "pipe")}, {.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5)}).complete);
  signals taken;
  raise(SIGINT);
  CHECK_FALSE(expand({list_in(at / "pipe")}, {.stop = &taken}).complete);
  CHECK_FALSE(expand({at.path()}, {.stop = &taken}).complete);
}
