#include <catch2/catch.hpp>

#include "decoding.hpp"
#include "png/crc32.hpp"
#include "png/cursor.hpp"

using namespace weir;
using png::testing::bytes;

TEST_CASE("a cursor gives a chain's bytes in order, whatever the cuts, and stops at its end") {
  bytes file;
  for (int i = 0; i < 100; ++i) {
    file.push_back(static_cast<std::uint8_t>(i));
  }
  for (std::size_t step = 1; step <= 101; step += 4) {
    const png::testing::chain input(file, step);
    png::cursor at(input.first());
    bytes got(60);
    CHECK(at.take(got.data(), 60) == 60);
    CHECK(std::equal(got.begin(), got.end(), file.begin()));
    CHECK(at.offset() == 60);
    CHECK(at.skip(10) == 10);
    CHECK(at.take(got.data(), 60) == 30);
    CHECK(got[0] == 70);
    CHECK(got[29] == 99);
    CHECK(at.offset() == 100);
    CHECK(at.take(got.data(), 1) == 0);
    CHECK(at.skip(1) == 0);
  }
}

TEST_CASE("a cursor passes over segments without bytes, and takes none from no segment") {
  std::byte a{1};
  std::byte b{2};
  memory::segment last{&b, 1, 1, nullptr};
  memory::segment none{&b, 1, 0, &last};
  memory::segment first{&a, 1, 1, &none};
  png::cursor at(&first);
  bytes got(3);
  CHECK(at.take(got.data(), 3) == 2);
  CHECK(got == bytes{1, 2, 0});
  png::cursor nothing(nullptr);
  CHECK(nothing.take(got.data(), 3) == 0);
}

TEST_CASE("the checksum is the one of the PNG specification") {
  const bytes iend = {'I', 'E', 'N', 'D'};
  CHECK(png::crc32(iend.data(), iend.size()) == 0xAE426082U);
}
