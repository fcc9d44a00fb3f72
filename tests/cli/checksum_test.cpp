#include "cli/checksum.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>

using namespace cli;

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
