#include <catch2/catch.hpp>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"

using namespace weir;
using namespace weir::png::testing;
using png::header;

namespace {

std::variant<header, png::failure> parse(const bytes& file, const png_options& options = {}, std::size_t step = 65536) {
  const chain input(file, step);
  return png::parse_header(input.first(), options);
}

bytes with_ihdr(std::uint32_t w, std::uint32_t h, std::vector<std::uint8_t> rest, std::string_view name = "IHDR") {
  bytes data;
  chunks::put(data, w);
  chunks::put(data, h);
  data.insert(data.end(), rest.begin(), rest.end());
  bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const bytes chunk = chunks::make(name, data);
  file.insert(file.end(), chunk.begin(), chunk.end());
  return file;
}

std::string refusal(const bytes& file, const png_options& options = {}) {
  const auto r = parse(file, options);
  const auto* bad = std::get_if<png::failure>(&r);
  if (bad == nullptr) {
    return "";
  }
  CHECK(bad->where == stage::header);
  return bad->message;
}

} // namespace

TEST_CASE("a header is read from the first 33 bytes, however they are cut into segments") {
  bytes file = encode(patterns::make({2, 16}, 300, 70000 / 300, true));
  file.resize(33);
  for (const std::size_t step : {1U, 2U, 7U, 8U, 32U, 33U}) {
    const auto r = parse(file, {}, step);
    REQUIRE(std::holds_alternative<header>(r));
    CHECK(std::get<header>(r) == header{300, 233, 16, 2, true});
  }
}

TEST_CASE("a header cut short anywhere is a failure that says truncated, or empty") {
  bytes file = encode(patterns::make({0, 8}, 3, 3));
  for (std::size_t n = 0; n < 33; ++n) {
    const auto r = parse(chunks::cut(file, n));
    REQUIRE(std::holds_alternative<png::failure>(r));
    const auto& bad = std::get<png::failure>(r);
    CHECK(bad.offset == n);
    CHECK(bad.message.find(n == 0 ? "empty" : "truncated") != std::string::npos);
  }
}

TEST_CASE("every color type, depth and method is taken or refused as libpng does") {
  const auto accepted_by_libpng = [](const bytes& file) {
    // It accepts the header if what it misses is the pixels.
    return decode_independently(file, {}).why.message == "truncated";
  };
  for (unsigned type = 0; type < 9; ++type) {
    for (unsigned depth = 0; depth < 34; ++depth) {
      const bytes file = with_ihdr(3, 4, {std::uint8_t(depth), std::uint8_t(type), 0, 0, 0});
      INFO("type " << type << " depth " << depth);
      REQUIRE(refusal(file).empty() == accepted_by_libpng(file));
    }
  }
  for (unsigned method = 0; method < 256; ++method) {
    for (std::size_t field = 0; field < 3; ++field) {
      bytes rest = {8, 2, 0, 0, 0};
      rest[2 + field] = std::uint8_t(method);
      REQUIRE(refusal(with_ihdr(3, 4, rest)).empty() == accepted_by_libpng(with_ihdr(3, 4, rest)));
    }
  }
}

TEST_CASE("a side is 1 to 1,000,000, and width times height is below 2^29") {
  const bytes rest = {8, 0, 0, 0, 0};
  CHECK(refusal(with_ihdr(1, 1, rest)).empty());
  CHECK(refusal(with_ihdr(1'000'000, 1, rest)).empty());
  CHECK(refusal(with_ihdr(1, 1'000'000, rest)).empty());
  CHECK(refusal(with_ihdr(1'000'001, 1, rest)) == "Invalid IHDR data: a side is above 1000000");
  CHECK(refusal(with_ihdr(1, 1'000'001, rest)) == "Invalid IHDR data: a side is above 1000000");
  CHECK(refusal(with_ihdr(0x80000000U, 1, rest)) == "Invalid IHDR data: a side is above 1000000");
  CHECK(refusal(with_ihdr(0, 1, rest)) == "Invalid IHDR data: a side is 0");
  CHECK(refusal(with_ihdr(1, 0, rest)) == "Invalid IHDR data: a side is 0");
  CHECK(refusal(with_ihdr(32768, 16383, rest)).empty());
  CHECK(refusal(with_ihdr(32768, 16384, rest)) == "32768 x 16384 pixels are above the limit of 2^29 - 1");
}

TEST_CASE("the caller's limits on pixels and bytes hold to the unit") {
  const bytes rest = {8, 2, 0, 0, 0};
  CHECK(refusal(with_ihdr(10, 10, rest), {.max_pixels = 100}).empty());
  CHECK(refusal(with_ihdr(10, 10, rest), {.max_pixels = 99}) == "10 x 10 pixels are above the limit of 99");
  CHECK(refusal(with_ihdr(10, 10, rest), {.max_bytes = 300}).empty());
  CHECK(refusal(with_ihdr(10, 10, rest), {.max_bytes = 299}) == "300 decoded bytes are above the limit of 299");
  CHECK(refusal(with_ihdr(10, 10, rest), {.channels = 4, .bits = 16, .max_bytes = 799}) ==
        "800 decoded bytes are above the limit of 799");
}

TEST_CASE("a header chunk of another length, or with a wrong checksum, is refused") {
  CHECK(refusal(with_ihdr(3, 3, {8, 0, 0, 0, 0, 0})) == "IHDR: invalid");
  CHECK(refusal(with_ihdr(3, 3, {8, 0, 0, 0})) == "IHDR: invalid");
  CHECK(refusal(chunks::break_crc(with_ihdr(3, 3, {8, 0, 0, 0, 0}), "IHDR")) == "IHDR: CRC error");
}

TEST_CASE("chunks before the header are passed over or refused as libpng does") {
  const bytes file = encode(patterns::make({2, 8}, 5, 5));
  for (const char* name : {"teSt", "TESt", "tEXt", "gAMA", "tRNS", "PLTE", "IDAT", "IEND", "acTL", "CgBI", "te1t",
                           "eXIf", "sTER", "bKGD", "cHRM", "hIST", "iCCP", "iTXt", "oFFs", "pCAL", "pHYs", "sBIT",
                           "sCAL", "sPLT", "sRGB", "tIME", "zTXt", "fRAc", "gIFg", "dSIG", "test"}) {
    const bytes crafted = chunks::insert_before(file, "IHDR", chunks::make(name, {1, 2, 3}));
    INFO(name);
    CHECK(difference(crafted, {.channels = 3}) == "");
    const verdict v = decode_file(crafted, {.channels = 3});
    CHECK((v.how == png::ending::ok || v.why.where == stage::header));
    const bytes broken = chunks::break_crc(crafted, name);
    CHECK(difference(broken, {.channels = 3}, 5) == "");
  }
  bytes huge = chunks::insert_before(file, "IHDR", chunks::make("teSt", {1, 2, 3}));
  huge.at(8) = 0x80;
  CHECK(refusal(huge) == "PNG unsigned integer out of range");
  huge.at(8) = 0x7F;
  CHECK(refusal(huge) == "truncated before the header");
}

TEST_CASE("what is not a PNG is told from a PNG that a text transfer broke") {
  CHECK(refusal(chunks::text("JFIF")) == "Not a PNG file");
  bytes file = with_ihdr(1, 1, {8, 0, 0, 0, 0});
  file.at(4) = '\n';
  CHECK(refusal(file) == "PNG file corrupted by ASCII conversion");
}

TEST_CASE("the shape follows from the header but for a palette with channels as in the file") {
  const auto shape_for = [](std::uint8_t type, const png_options& options, bool transparent = false) {
    return png::output_shape({7, 5, 8, type, false}, options, transparent);
  };
  CHECK(shape_for(0, {}) == shape{5, 7, 1, 8});
  CHECK(shape_for(2, {}) == shape{5, 7, 3, 8});
  CHECK(shape_for(4, {.bits = 16}) == shape{5, 7, 2, 16});
  CHECK(shape_for(6, {}) == shape{5, 7, 4, 8});
  CHECK(shape_for(3, {}) == shape{5, 7, 3, 8});
  CHECK(shape_for(3, {}, true) == shape{5, 7, 4, 8});
  CHECK(shape_for(2, {}, true) == shape{5, 7, 3, 8});
  for (int channels = 1; channels <= 4; ++channels) {
    CHECK(shape_for(3, {.channels = channels}, true).channels == channels);
    CHECK_FALSE(png::needs_probe({7, 5, 8, 3, false}, {.channels = channels}));
  }
  CHECK(png::needs_probe({7, 5, 8, 3, false}, {}));
  CHECK_FALSE(png::needs_probe({7, 5, 8, 2, false}, {}));
}

TEST_CASE("the probe holds the limit on bytes with the number of channels that it finds") {
  const bytes file = encode(patterns::with_transparency(patterns::make({3, 8}, 10, 10)));
  const chain input(file);
  png::scratch memory(worker_scratch());
  const png_options options{.max_bytes = 399};
  const auto h = std::get<header>(png::parse_header(input.first(), options));
  const png::probed p = png::probe(input.first(), h, options, memory, {});
  CHECK(p.how == png::ending::failed);
  CHECK(p.why.where == stage::header);
  CHECK(p.why.message == "400 decoded bytes are above the limit of 399");
  CHECK(png::probe(input.first(), h, {.max_bytes = 400}, memory, {}).output == shape{10, 10, 4, 8});
}
