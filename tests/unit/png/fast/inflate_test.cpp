#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include <zlib.h>

#include "../../../conformance/patterns.hpp"
#include "inflating.hpp"
#include "png/kernels/kernels.hpp"

// The inflater against zlib: the same bytes in whatever steps, and no stream taken that zlib refuses.

using namespace weir::png::testing;
namespace kernels = weir::png::kernels;
namespace patterns = weir::patterns;

namespace {

bytes deflated(const bytes& data, int level, int strategy, int window_bits = 15) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, level, Z_DEFLATED, window_bits, 9, strategy) == Z_OK);
  bytes out(deflateBound(&z, data.size()) + 64);
  z.next_in = const_cast<Bytef*>(data.data());
  z.avail_in = static_cast<uInt>(data.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

bytes sample(std::size_t size, std::uint64_t seed) {
  patterns::noise random(seed);
  bytes data(size);
  const std::uint32_t range = 1U << random.next() % 9;
  for (std::size_t i = 0; i < size; ++i) {
    const bool again = i > 300 && random.next() % 8 == 0;
    data[i] = again ? data[i - 1 - random.next() % 300] : static_cast<std::uint8_t>(random.next() % range);
  }
  return data;
}

} // namespace

TEST_CASE("what zlib compresses comes out the same, whatever the level, the strategy, the pieces and the steps") {
  for (const int level : {0, 1, 6, 9}) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3000}, std::size_t{150'000}}) {
        const bytes data = sample(size, size + static_cast<std::size_t>(level * 7 + strategy));
        const bytes stream = deflated(data, level, strategy);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{19}, std::size_t{8192}, stream.size()}) {
          if (piece == 1 && size > 10'000) {
            continue;
          }
          for (const bool avx2_bmi2 : {false, kernels::best().avx2_bmi2}) {
            const inflated got = by_steps(stream, piece, piece == 19 ? 100 : 16384, avx2_bmi2);
            INFO("level " << level << " strategy " << strategy << " size " << size << " piece " << piece);
            REQUIRE(got.taken);
            REQUIRE(got.data == data);
          }
        }
      }
    }
  }
}

TEST_CASE("a stream with a window of its own size is taken if it keeps to it") {
  const bytes data = sample(50'000, 5);
  for (int bits = 9; bits <= 15; ++bits) {
    CHECK(by_steps(deflated(data, 9, Z_DEFAULT_STRATEGY, bits), 4096, 16384, false).data == data);
  }
  bytes lying = deflated(sample(50'000, 6), 9, Z_DEFAULT_STRATEGY, 15);
  lying[0] = 0x18; // 512 bytes
  lying[1] = static_cast<std::uint8_t>(31 - 0x1800 % 31);
  CHECK(by_steps(lying, 4096, 16384, false).taken == false);
}

TEST_CASE("a stream with any bit flipped, or cut anywhere, is refused where zlib refuses it, and is else the same") {
  patterns::noise random(3);
  for (int round = 0; round < 3000; ++round) {
    const bytes data = sample(1 + random.next() % 600, random.next());
    bytes stream = deflated(data, static_cast<int>(random.next() % 10), static_cast<int>(random.next() % 5));
    if (round % 4 == 0) {
      stream.resize(random.next() % stream.size());
    } else {
      stream[random.next() % std::min<std::size_t>(stream.size(), 100)] ^= static_cast<std::uint8_t>(1U << random.next() % 8);
    }
    const inflated expected = by_zlib(stream);
    const std::size_t piece = 1 + random.next() % 1000;
    const std::size_t step = 1 + random.next() % 1000;
    for (const bool avx2_bmi2 : {false, kernels::best().avx2_bmi2}) {
      const inflated got = by_steps(stream, piece, step, avx2_bmi2);
      INFO("round " << round << (avx2_bmi2 ? " with" : " without") << " BMI2");
      REQUIRE((!got.taken || expected.taken));
      REQUIRE((!got.taken || got.data == expected.data));
    }
  }
}
