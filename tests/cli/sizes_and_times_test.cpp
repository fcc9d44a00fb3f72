#include "cli/sizes_and_times.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace cli;
using namespace std::chrono_literals;

TEST_CASE("sizes have binary suffixes") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("4096") == 4096);
  CHECK(parse_size("64K") == 65536);
  CHECK(parse_size("64k") == 65536);
  CHECK(parse_size("256M") == 268435456);
  CHECK(parse_size("1G") == 1073741824);
  for (const char* bad : {"", "K", "-1", "+1", " 1", "1 K", "1.5G", "1KB", "0x10", "17179869184G"})
    CHECK_THROWS_AS(parse_size(bad), std::invalid_argument);
}

TEST_CASE("times need a unit and may have a fraction") {
  CHECK(parse_duration("50ms") == 50ms);
  CHECK(parse_duration("2s") == 2s);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("300us") == 300us);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("0s") == 0s);
  for (const char* bad : {"", "5", "s", "-1s", "1 s", "1e3s", "nans", "infs", "1d", "1S", "9999999999h"})
    CHECK_THROWS_AS(parse_duration(bad), std::invalid_argument);
}
