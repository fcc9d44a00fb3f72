#include "cli/readable.hpp"

#include <catch2/catch.hpp>

using namespace cli;

TEST_CASE("bytes are readable") {
  CHECK(readable_bytes(0) == "0 B");
  CHECK(readable_bytes(1023) == "1023 B");
  CHECK(readable_bytes(1536) == "1.50 KiB");
  CHECK(readable_bytes(256U << 20U) == "256.00 MiB");
}

TEST_CASE("times are readable") {
  CHECK(readable_time(459.4) == "459 µs");
  CHECK(readable_time(1234) == "1.2 ms");
  CHECK(readable_time(2.5e6) == "2.50 s");
}

TEST_CASE("tab, newline and backslash are escaped and nothing else is") {
  CHECK(escaped("a\tb\nc\\d\re\xff\x01 ") == "a\\tb\\nc\\\\d\re\xff\x01 ");
}

TEST_CASE("what is printed on a terminal has no control characters") { CHECK(printable("a\x1b[2Jb\tc\x7f") == "a?[2Jb\\tc?"); }

TEST_CASE("a path is one word for a shell") {
  CHECK(quoted("a b") == "'a b'");
  CHECK(quoted("it's") == "'it'\\''s'");
  CHECK(quoted("a\nb'\\\x7f") == "$'a\\012b\\'\\\\\\177'");
}
