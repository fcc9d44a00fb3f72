#include "list_line.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

using namespace stream_decode;

TEST_CASE("the checksum is the CRC-32 that everyone has") {
  const char digits[] = "123456789";
  CHECK(crc32_of_pixels(std::as_bytes(std::span(digits, 9)), 8) == 0xcbf43926U);
  CHECK(crc32_of_pixels({}, 8) == 0);
}

TEST_CASE("16-bit samples count as little-endian") {
  const std::array<std::uint16_t, 4> samples = {0x3231, 0x3433, 0x3635, 0x3837}; // "12345678" if the low byte comes first
  const char digits[] = "12345678";
  CHECK(crc32_of_pixels(std::as_bytes(std::span(samples)), 16) == crc32_of_pixels(std::as_bytes(std::span(digits, 8)), 8));
}

TEST_CASE("a list line has its seven fields, width before height") {
  CHECK(list_line(7, "a b.png", {.height = 2, .width = 3, .channels = 4, .bits = 16}, 0xab) ==
        "7\ta b.png\t3\t2\t4\t16\t000000ab\n");
}

TEST_CASE("an error line names the stage, and its message stays on the line") {
  CHECK(list_error_line(0, "x", weir::stage::header, "not\na PNG") == "0\tx\terror\theader\tnot\\na PNG\n");
}

TEST_CASE("tab, newline and backslash are escaped and nothing else is") {
  CHECK(escaped("a\tb\nc\\d\re\xff\x01 ") == "a\\tb\\nc\\\\d\re\xff\x01 ");
}
