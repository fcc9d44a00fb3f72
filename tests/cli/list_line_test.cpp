#include "list_line.hpp"

#include <catch2/catch.hpp>

using namespace stream_decode;

TEST_CASE("a list line has its seven fields, width before height") {
  CHECK(list_line(7, "a b.png", {.height = 2, .width = 3, .channels = 4, .bits = 16}, 0xab) ==
        "7\ta b.png\t3\t2\t4\t16\t000000ab\n");
}

TEST_CASE("an error line names the stage, and its message stays on the line") {
  CHECK(list_error_line(0, "x", weir::stage::header, "not\na PNG") == "0\tx\terror\theader\tnot\\na PNG\n");
}
