#include <catch2/catch.hpp>

#include <zlib.h>

#include "deflate_writer.hpp"

// What zlib makes of these streams: it knows neither the writer nor the decoders.

using namespace weir::forge;

namespace {

bytes data(std::size_t n, dice& d) {
  bytes raw(n);
  for (std::size_t i = 0; i < n; ++i) {
    raw[i] = i > 0 && !d.one_in(3) ? raw[i - 1 - d.below(std::min<std::size_t>(i, 300))] : d.byte();
  }
  return raw;
}

// zlib's last word, Z_STREAM_END if all is well; `raw` is what came out.
int inflate_all(bytes stream, bytes& raw) {
  raw.assign(200'000, 0);
  z_stream z{};
  REQUIRE(inflateInit2(&z, 0) == Z_OK);
  z.next_in = stream.data();
  z.avail_in = static_cast<uInt>(stream.size());
  z.next_out = raw.data();
  z.avail_out = static_cast<uInt>(raw.size());
  const int result = inflate(&z, Z_FINISH);
  raw.resize(z.total_out);
  inflateEnd(&z);
  return result;
}

} // namespace

TEST_CASE("what is deflated in blocks of every type and code, in every window, comes back") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    dice d(seed);
    const bytes raw = data(d.one_in(20) ? d.below(100'000) : d.below(2000), d);
    bytes back;
    INFO(seed);
    REQUIRE(inflate_all(deflated(raw, block_manner{.window_bits = d.between(8, 15)}, d), back) == Z_STREAM_END);
    REQUIRE(back == raw);
  }
}

TEST_CASE("what zlib deflates comes back, in every level, strategy and window, flushed or not") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    dice d(seed);
    const bytes raw = data(d.below(3000), d);
    const zlib_manner how{static_cast<int>(d.below(10)), static_cast<int>(d.below(5)), static_cast<int>(d.between(9, 15)),
                          static_cast<int>(d.between(1, 9)), d.below(2) * d.between(1, 600)};
    bytes back;
    INFO(seed);
    REQUIRE(inflate_all(deflated(raw, how), back) == Z_STREAM_END);
    REQUIRE(back == raw);
  }
}

TEST_CASE("every flaw is one to zlib, in most streams that are to have it") {
  for (auto flaw = deflate_flaw::block_type_3; flaw < deflate_flaw::past_window; flaw = deflate_flaw(int(flaw) + 1)) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      dice d(seed);
      bytes back;
      found += inflate_all(deflated(data(d.below(2000), d), block_manner{15, flaw}, d), back) == Z_DATA_ERROR ? 1 : 0;
    }
    INFO(int(flaw));
    CHECK(found >= 60);
  }
  for (const auto& [flaw, result] : {std::pair{deflate_flaw::no_last_block, Z_DATA_ERROR},
                                     {deflate_flaw::bad_adler, Z_DATA_ERROR},
                                     {deflate_flaw::no_adler, Z_BUF_ERROR},
                                     {deflate_flaw::trailing_bytes, Z_STREAM_END}}) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      dice d(seed);
      bytes back;
      found += inflate_all(deflated(data(d.below(2000), d), block_manner{15, flaw}, d), back) == result ? 1 : 0;
    }
    INFO(int(flaw));
    CHECK(found >= 60);
  }
}

TEST_CASE("distances beyond the window that the header names are taken or refused by zlib as it comes: some of each") {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    dice d(seed);
    const bytes raw = data(3000, d);
    bytes stream = deflated(raw, block_manner{8, deflate_flaw::past_window}, d);
    bytes back(64);
    z_stream z{};
    REQUIRE(inflateInit2(&z, 0) == Z_OK);
    z.next_in = stream.data();
    z.avail_in = static_cast<uInt>(stream.size());
    int result = Z_OK;
    while (result == Z_OK) { // by rows, as libpng does
      z.next_out = back.data();
      z.avail_out = static_cast<uInt>(back.size());
      result = inflate(&z, Z_SYNC_FLUSH);
    }
    inflateEnd(&z);
    refused += result == Z_DATA_ERROR ? 1 : 0;
  }
  CHECK(refused > 30);
  CHECK(refused < 300);
}
