#include <catch2/catch.hpp>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"

// The consequences and the table of the decode contract, one by one, with the numbers written down.

using namespace weir;
using namespace weir::png::testing;
using png::ending;
using png::picture;

namespace {

picture gray(int depth, std::uint32_t width, bytes samples) {
  picture p;
  p.width = width;
  p.bit_depth = depth;
  p.samples = std::move(samples);
  return p;
}

picture rgb(int depth, std::uint32_t width, bytes samples) {
  picture p = gray(depth, width, std::move(samples));
  p.color_type = 2;
  return p;
}

// Red, green, blue, white.
picture primaries() { return rgb(8, 4, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}); }

bytes pixels(const picture& p, int channels, int bits = 8) {
  const verdict v = decode_file(encode(p), {.channels = channels, .bits = bits});
  REQUIRE(v.how == ending::ok);
  REQUIRE(v.warning.empty());
  return v.pixels;
}

bytes plain_file() { return encode(patterns::make({2, 8}, 7, 5)); }

verdict of_file(const bytes& file) {
  REQUIRE(difference(file, {.channels = 3}).empty());
  return decode_file(file, {.channels = 3});
}

void fails(const bytes& file) {
  const verdict v = of_file(file);
  CHECK(v.how == ending::failed);
  CHECK(v.why.where == stage::decode);
  CHECK_FALSE(v.why.message.empty());
  CHECK(v.why.offset > 0);
  CHECK(v.why.offset <= file.size());
}

void decodes_with_a_warning(const bytes& file) {
  const verdict v = of_file(file);
  CHECK(v.how == ending::ok);
  CHECK_FALSE(v.warning.empty());
  CHECK(v.pixels == decode_file(plain_file(), {.channels = 3}).pixels);
}

} // namespace

TEST_CASE("every kind of PNG, with and without transparency, comes out as from the independent program") {
  for (const auto kind : patterns::kinds) {
    for (const bool interlaced : {false, true}) {
      for (const bool transparent : {false, true}) {
        picture p = patterns::make(kind, 13, 11, interlaced);
        if (transparent) {
          if (!patterns::may_have_transparency(kind)) {
            continue;
          }
          p = patterns::with_transparency(p);
        }
        const bytes file = encode(p);
        for (int channels = 0; channels <= 4; ++channels) {
          for (const int bits : {8, 16}) {
            INFO(patterns::name(kind) << (interlaced ? " interlaced" : "") << (transparent ? " tRNS" : "") << " channels "
                                      << channels << " bits " << bits);
            REQUIRE(difference(file, {.channels = channels, .bits = bits}) == "");
            REQUIRE(decode_file(file, {.channels = channels, .bits = bits}).how == ending::ok);
          }
        }
      }
    }
  }
}

TEST_CASE("images of every small size come out as from the independent program, interlaced too") {
  for (const auto kind : {patterns::kind{0, 1}, patterns::kind{3, 4}, patterns::kind{2, 8}, patterns::kind{6, 16}}) {
    for (std::uint32_t width = 1; width <= 9; ++width) {
      for (std::uint32_t height = 1; height <= 9; ++height) {
        for (const bool interlaced : {false, true}) {
          const bytes file = encode(patterns::make(kind, width, height, interlaced));
          INFO(patterns::name(kind) << " " << width << " x " << height);
          REQUIRE(difference(file, {.channels = 4, .bits = 16}, 7) == "");
          REQUIRE(difference(file, {.channels = 1}, 1) == "");
        }
      }
    }
  }
}

TEST_CASE("interlaced equals non-interlaced") {
  for (const auto kind : patterns::kinds) {
    for (const int bits : {8, 16}) {
      const png_options options{.channels = 0, .bits = bits};
      const verdict rows = decode_file(encode(patterns::make(kind, 33, 17, false)), options);
      const verdict passes = decode_file(encode(patterns::make(kind, 33, 17, true)), options);
      INFO(patterns::name(kind));
      REQUIRE(rows.how == ending::ok);
      REQUIRE(rows.pixels == passes.pixels);
    }
  }
}

TEST_CASE("gray from 8-bit color is (9797 R + 19234 G + 3737 B) >> 15, truncated") {
  CHECK(pixels(primaries(), 1) == bytes{76, 149, 29, 255});
  const picture p = patterns::make({2, 8}, 40, 40);
  const bytes got = pixels(p, 1);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const unsigned r = p.samples[3 * i];
    const unsigned g = p.samples[3 * i + 1];
    const unsigned b = p.samples[3 * i + 2];
    REQUIRE(got[i] == (r == g && g == b ? r : (9797 * r + 19234 * g + 3737 * b) >> 15));
  }
}

TEST_CASE("gray from 16-bit color is rounded in 16 bits, and the low byte then dropped for 8") {
  const picture green = rgb(16, 1, {0, 0, 255, 255, 0, 0});
  CHECK(wide(pixels(green, 1, 16)) == std::vector<std::uint16_t>{(19234U * 65535 + 16384) >> 15});
  CHECK(pixels(green, 1, 8) == bytes{150});
}

TEST_CASE("equal red, green and blue pass to gray unchanged") {
  bytes samples;
  bytes expected;
  for (int v = 0; v < 256; ++v) {
    samples.insert(samples.end(), 3, static_cast<std::uint8_t>(v));
    expected.push_back(static_cast<std::uint8_t>(v));
  }
  CHECK(pixels(rgb(8, 256, samples), 1) == expected);
}

TEST_CASE("gray from a color file with gAMA goes through linear light") {
  picture p = primaries();
  p.gamma = 1 / 2.2;
  CHECK(pixels(p, 1) == bytes{147, 200, 95, 255});
  p.gamma = 1.04; // within 5 %: no gamma
  CHECK(pixels(p, 1) == bytes{76, 149, 29, 255});
  p.gamma = 1.06;
  CHECK(pixels(p, 1) != bytes{76, 149, 29, 255});
}

TEST_CASE("gray from a color file with sRGB goes through linear light") {
  picture p = primaries();
  p.srgb_intent = 0;
  CHECK(pixels(p, 1) == bytes{147, 200, 95, 255});
}

TEST_CASE("cHRM has no effect on gray") {
  bytes chrm;
  for (const std::uint32_t v : {31270U, 32900U, 70000U, 30000U, 20000U, 70000U, 15000U, 5000U}) {
    chunks::put(chrm, v);
  }
  const bytes file = chunks::insert_before(encode(primaries()), "IDAT", chunks::make("cHRM", chrm));
  CHECK(decode_file(file, {.channels = 1}).pixels == bytes{76, 149, 29, 255});
}

TEST_CASE("channels 0, 3 and 4 ignore gamma") {
  for (const int channels : {0, 3, 4}) {
    picture p = primaries();
    const bytes without = pixels(p, channels);
    p.gamma = 1 / 2.2;
    CHECK(pixels(p, channels) == without);
    p.srgb_intent = 0;
    p.gamma.reset();
    CHECK(pixels(p, channels) == without);
  }
}

TEST_CASE("opaque alpha added to a file of 1, 2 or 4 bits is 1, 3 or 15, and times 257 in 16 bits") {
  CHECK(pixels(gray(1, 1, {0x80}), 2) == bytes{255, 1});
  CHECK(pixels(gray(2, 1, {0x40}), 2) == bytes{85, 3});
  CHECK(pixels(gray(4, 1, {0x10}), 4) == bytes{17, 17, 17, 15});
  CHECK(pixels(gray(8, 1, {9}), 2) == bytes{9, 255});
  CHECK(wide(pixels(gray(1, 1, {0x80}), 2, 16)) == std::vector<std::uint16_t>{65535, 257});
  CHECK(wide(pixels(gray(2, 1, {0x40}), 2, 16)) == std::vector<std::uint16_t>{85 * 257, 771});
  CHECK(wide(pixels(gray(4, 1, {0x10}), 2, 16)) == std::vector<std::uint16_t>{17 * 257, 3855});
  CHECK(wide(pixels(gray(16, 1, {1, 2}), 2, 16)) == std::vector<std::uint16_t>{258, 65535});
}

TEST_CASE("gray below 8 bits is scaled by 255, 85 and 17") {
  CHECK(pixels(gray(1, 2, {0x40}), 1) == bytes{0, 255});
  CHECK(pixels(gray(2, 4, {0x1B}), 1) == bytes{0, 85, 170, 255});
  CHECK(pixels(gray(4, 2, {0x5F}), 1) == bytes{85, 255});
}

TEST_CASE("a palette index past the palette gives 0, 0, 0 and no error") {
  picture p = gray(8, 2, {0, 9});
  p.color_type = 3;
  p.palette = {{{10, 20, 30}}};
  const verdict v = decode_file(encode(p), {.channels = 3});
  CHECK(v.how == ending::ok);
  CHECK(v.pixels == bytes{10, 20, 30, 0, 0, 0});
  CHECK(difference(encode(p), {.channels = 4, .bits = 16}) == "");
}

TEST_CASE("16-bit tRNS compares all 16 bits") {
  picture p = gray(16, 3, {0x12, 0x34, 0x12, 0x35, 0x13, 0x34});
  p.key = {{0x1234, 0, 0}};
  CHECK(pixels(p, 2) == bytes{0x12, 0, 0x12, 255, 0x13, 255});
}

TEST_CASE("with channels 0 a palette gives 3, or 4 where the file has tRNS, and other files their own count") {
  picture palette = gray(8, 1, {0});
  palette.color_type = 3;
  palette.palette = {{{1, 2, 3}}};
  CHECK(pixels(palette, 0) == bytes{1, 2, 3});
  palette.palette_alpha = {7};
  CHECK(pixels(palette, 0) == bytes{1, 2, 3, 7});
  picture with_key = gray(8, 1, {5});
  with_key.key = {{5, 0, 0}};
  CHECK(pixels(with_key, 0) == bytes{5});
  with_key = rgb(8, 1, {5, 6, 7});
  with_key.key = {{5, 6, 7}};
  CHECK(pixels(with_key, 0) == bytes{5, 6, 7});
  picture gray_alpha = gray(8, 1, {5, 6});
  gray_alpha.color_type = 4;
  CHECK(pixels(gray_alpha, 0) == bytes{5, 6});
}

TEST_CASE("a tRNS chunk that libpng refuses doesn't count as transparency") {
  picture palette = gray(8, 1, {0});
  palette.color_type = 3;
  palette.palette = {{{1, 2, 3}}};
  const bytes file = chunks::insert_before(encode(palette), "IDAT", chunks::make("tRNS", {}));
  const verdict v = decode_file(file, {.channels = 0});
  CHECK(v.how == ending::ok);
  CHECK(v.s.channels == 3);
  CHECK_FALSE(v.warning.empty());
  CHECK(difference(file, {.channels = 0}) == "");
}

TEST_CASE("alpha is dropped, never composited, and bKGD is ignored") {
  picture p = gray(8, 2, {100, 0, 50, 128});
  p.color_type = 4;
  const bytes file = chunks::insert_before(encode(p), "IDAT", chunks::make("bKGD", {0, 200}));
  CHECK(decode_file(file, {.channels = 1}).pixels == bytes{100, 50});
  CHECK(decode_file(file, {.channels = 3}).pixels == bytes{100, 100, 100, 50, 50, 50});
}

TEST_CASE("8 bits from 16 drops the low byte, and 16 from 8 multiplies by 257") {
  CHECK(pixels(gray(16, 2, {0x12, 0xFF, 0xFF, 0x00}), 1) == bytes{0x12, 0xFF});
  CHECK(wide(pixels(gray(8, 2, {1, 200}), 1, 16)) == std::vector<std::uint16_t>{257, 51400});
  CHECK(wide(pixels(gray(16, 1, {0x12, 0x34}), 1, 16)) == std::vector<std::uint16_t>{0x1234});
}

TEST_CASE("a file without IEND is an error") { fails(chunks::erase(plain_file(), "IEND")); }
TEST_CASE("a wrong checksum on IDAT is an error") { fails(chunks::break_crc(plain_file(), "IDAT")); }
TEST_CASE("a wrong Adler-32 is an error") { fails(chunks::break_adler(plain_file())); }
TEST_CASE("of rows longer than 64 KiB, too, a wrong Adler-32 is what it is for libpng, wherever the file's end lies") {
  std::uint32_t random = 1;
  for (std::uint32_t width = 70'000; width < 70'064; ++width) {
    picture p = gray(8, width, bytes(width));
    std::generate(p.samples.begin(), p.samples.end(), [&] {
      random = random * 1'664'525 + 1'013'904'223;
      return static_cast<std::uint8_t>(random >> 24);
    });
    p.level = 0;
    CHECK(difference(chunks::break_adler(encode(p)), {.channels = 1}) == "");
  }
}
TEST_CASE("too little IDAT data is an error") { fails(chunks::resized(plain_file(), 7, 6)); }
TEST_CASE("an ancillary chunk whose declared data is not there is an error") {
  bytes file = chunks::insert_before(plain_file(), "IDAT", chunks::make("tEXt", chunks::text(std::string("a\0b", 3))));
  file.at(chunks::find(file, "tEXt").start + 2) = 1; // 256 and three bytes
  fails(file);
}

TEST_CASE("RGB whose tRNS stands before a PLTE is an error where alpha is asked for: libpng cancels tRNS, and gives none") {
  const bytes palette = chunks::make("PLTE", {1, 2, 3});
  const bytes file = chunks::insert_before(encode(patterns::with_transparency(patterns::make({2, 8}, 7, 5))), "IDAT", palette);
  for (const int channels : {2, 4}) {
    const png_options options{.channels = channels};
    CHECK(difference(file, options) == "");
    CHECK(decode_file(file, options).why.message == "a row of another size than its header makes it");
  }
  for (const int channels : {0, 1, 3}) {
    CHECK(difference(file, {.channels = channels}) == "");
    CHECK(decode_file(file, {.channels = channels}).how == ending::ok);
  }
}

TEST_CASE("a wrong checksum on IHDR is an error of the header") {
  const verdict v = of_file(chunks::break_crc(plain_file(), "IHDR"));
  CHECK(v.why.where == stage::header);
  CHECK(v.why.message == "IHDR: CRC error");
}
TEST_CASE("a width of 1,000,001 is an error of the header") {
  CHECK(of_file(chunks::resized(plain_file(), 1'000'001, 1)).why.where == stage::header);
}
TEST_CASE("what is not a PNG by its first 8 bytes, or empty, is an error that says so") {
  CHECK(of_file(chunks::text("GIF89a, which is another thing altogether, and long enough")).why.message == "Not a PNG file");
  CHECK(of_file({}).why.message == "empty input");
}

TEST_CASE("a wrong checksum on an ancillary chunk is a warning") {
  bytes file = chunks::insert_before(plain_file(), "IDAT", chunks::make("tEXt", chunks::text(std::string("a\0b", 3))));
  decodes_with_a_warning(chunks::break_crc(file, "tEXt"));
}
TEST_CASE("a bad or empty ancillary chunk is a warning") {
  decodes_with_a_warning(chunks::insert_before(plain_file(), "IDAT", chunks::make("gAMA", {0, 0, 0})));
  decodes_with_a_warning(chunks::insert_before(plain_file(), "IDAT", chunks::make("pHYs", {})));
  decodes_with_a_warning(chunks::insert_before(plain_file(), "IDAT", chunks::make("tRNS", {})));
}
TEST_CASE("more rows than the header says is a warning") {
  const bytes more = chunks::resized(encode(patterns::make({2, 8}, 7, 6)), 7, 5);
  const verdict v = of_file(more);
  CHECK(v.how == ending::ok);
  CHECK_FALSE(v.warning.empty());
}
TEST_CASE("bytes after IEND are decoded over, without a look at them") {
  bytes file = plain_file();
  file.resize(file.size() + 100, 0x55);
  const verdict v = of_file(file);
  CHECK(v.how == ending::ok);
  CHECK(v.pixels == decode_file(plain_file(), {.channels = 3}).pixels);
}

TEST_CASE("a destination that is too small is a failure, and nothing is written") {
  const bytes file = plain_file();
  const chain input(file);
  const png_options options{.channels = 3};
  const auto h = std::get<png::header>(png::parse_header(input.first(), options));
  std::vector<std::byte> room(png::output_shape(h, options).bytes() - 1);
  png::scratch memory(worker_scratch());
  const png::decoded d = png::decode_reference(input.first(), h, options, std::span(room), memory, {});
  CHECK(d.how == ending::failed);
  CHECK(d.why.message == "the destination is too small");
  CHECK(std::all_of(room.begin(), room.end(), [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("rows go where the stride says, and nothing is written between them") {
  for (const auto kind : {patterns::kind{2, 8}, patterns::kind{0, 4}, patterns::kind{6, 16}}) {
    for (const bool interlaced : {false, true}) {
      const bytes file = encode(patterns::make(kind, 13, 7, interlaced));
      for (const png_options options : {png_options{.channels = 3}, png_options{.channels = 4, .bits = 16}}) {
        const verdict packed = decode_file(file, options);
        const std::size_t row = packed.s.row_bytes();
        const std::size_t stride = row + 5;
        const chain input(file);
        const auto h = std::get<png::header>(png::parse_header(input.first(), options));
        bytes room(stride * 7, 0xA5);
        bytes expected = room;
        for (std::size_t y = 0; y < 7; ++y) {
          std::copy_n(packed.pixels.begin() + static_cast<std::ptrdiff_t>(y * row), row,
                      expected.begin() + static_cast<std::ptrdiff_t>(y * stride));
        }
        png::scratch memory(worker_scratch());
        const std::span<std::byte> to = std::as_writable_bytes(std::span(room)).first(room.size() - 5);
        CHECK(png::decode_reference(input.first(), h, options, {to, stride}, memory, {}).how == ending::ok);
        CHECK(room == expected);
      }
    }
  }
}
