// How often decoders look at the flag: here, because a hook tells of each look.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <libdeflate.h>

#include "../conformance/chunks.hpp"
#include "png/decode.hpp"
#include "png/encode.hpp"
#include "png/header.hpp"
#include "png/scratch.hpp"
#include <weir/detail/explore.hpp>

using namespace weir;

namespace chunks = weir::chunks;

namespace {

constexpr std::byte untouched{0x5a};

/// How far the decode of a white image gets from one look to the next.
struct progress {
  std::vector<std::byte> pixels;
  std::size_t at = 0;
  std::size_t most = 0;
  std::size_t looks = 0;
  void look() noexcept {
    const auto next = std::find(pixels.begin() + static_cast<std::ptrdiff_t>(at), pixels.end(), untouched);
    const auto reached = static_cast<std::size_t>(next - pixels.begin());
    most = std::max(most, reached - at);
    at = reached;
    ++looks;
  }
};
progress* watched = nullptr;

progress watch(std::vector<std::uint8_t> file, const png_options& options, png::decoder_choice which) {
  memory::segment whole;
  whole.data = reinterpret_cast<std::byte*>(file.data());
  whole.capacity = whole.used = static_cast<std::uint32_t>(file.size());
  const auto h = std::get<png::header>(png::parse_header(&whole, options));
  progress p;
  p.pixels.assign(png::output_shape(h, options).bytes(), untouched);
  std::vector<std::byte> lent(png::scratch_bytes(h, options));
  png::scratch memory(lent);
  watched = &p;
  detail::explore::looks_at_flag = []() noexcept { watched->look(); };
  const png::decoded got = png::decode(&whole, h, options, std::span(p.pixels), memory, stop_flag(), which);
  detail::explore::looks_at_flag = nullptr;
  p.look(); // to the end
  CHECK(got.how == png::ending::ok);
  CHECK(p.at == p.pixels.size());
  return p;
}

constexpr int libpngs_choice = -1;
constexpr int all_paeth = 0x80;

std::vector<std::uint8_t> white(int color_type, int depth, std::uint32_t width, std::uint32_t height,
                                int filters = libpngs_choice) {
  png::picture p;
  p.color_type = color_type;
  p.bit_depth = depth;
  p.width = width;
  p.height = height;
  p.filters = filters;
  p.samples.assign(p.row_bytes() * height, std::uint8_t{0xff});
  return png::encode(p);
}

} // namespace

TEST_CASE("whatever is made of how little, a decoder looks at the flag every 64 KiB of pixels") {
  const auto which = GENERATE(png::decoder_choice::fast, png::decoder_choice::reference);
  struct type {
    int color_type;
    int depth;
  };
  for (const type t : {type{0, 1}, type{0, 4}, type{0, 8}, type{2, 8}, type{2, 16}, type{4, 8}}) {
    for (const std::uint32_t width : {500U, 2048U, 4096U, 7000U}) {
      for (const int filters : {libpngs_choice, all_paeth}) { // several rows are made at once of the latter
        const std::vector<std::uint8_t> file = white(t.color_type, t.depth, width, 64, filters);
        for (const int channels : {1, 3, 4}) {
          for (const int bits : {8, 16}) {
            CAPTURE(t.color_type, t.depth, width, filters, channels, bits, which);
            CHECK(watch(file, {.channels = channels, .bits = bits}, which).most <= 64 * 1024);
          }
        }
      }
    }
  }
}

namespace {

std::vector<std::uint8_t> repeated(const std::vector<std::uint8_t>& what, std::size_t times) {
  std::vector<std::uint8_t> many;
  for (; times > 0; --times) {
    many.insert(many.end(), what.begin(), what.end());
  }
  return many;
}

} // namespace

TEST_CASE("the fast decoder looks at the flag every 64 KiB of input, of which nothing comes") {
  constexpr std::size_t times = 80'000;
  constexpr std::size_t least = 12 * times / 65536;
  const std::vector<std::uint8_t> file = white(0, 8, 16, 16);
  const auto looks = [](const std::vector<std::uint8_t>& f) { return watch(f, {}, png::decoder_choice::fast).looks; };
  const std::vector<std::uint8_t> strange = repeated(chunks::make("abCd", {}), times);
  CHECK(looks(chunks::insert_before(file, "IDAT", strange)) >= least);
  CHECK(looks(chunks::insert_before(file, "IEND", strange)) >= least);
  CHECK(looks(chunks::insert_before(file, "IDAT", repeated(chunks::make("IDAT", {}), times))) >= least);
  // Blocks that are empty, before a stored one with 16 rows without a filter.
  const std::vector<std::uint8_t> rows = repeated(chunks::insert(std::vector<std::uint8_t>(16, 0xff), 0, {0}), 16);
  std::vector<std::uint8_t> stream = {0x78, 0x01};
  for (const std::vector<std::uint8_t>& part :
       {repeated({0, 0, 0, 0xff, 0xff}, 12 * times / 5), {1, 0x10, 0x01, 0xef, 0xfe}, rows}) {
    stream.insert(stream.end(), part.begin(), part.end());
  }
  chunks::put(stream, libdeflate_adler32(1, rows.data(), rows.size()));
  CHECK(looks(chunks::insert_before(chunks::erase(file, "IDAT"), "IEND", chunks::make("IDAT", stream))) >= least);
}

TEST_CASE("who looks for the header looks at the flag between the chunks before it") {
  constexpr std::size_t times = 80'000;
  std::vector<std::uint8_t> file =
      chunks::insert_before(white(0, 8, 16, 16), "IHDR", repeated(chunks::make("abCd", {}), times));
  memory::segment whole;
  whole.data = reinterpret_cast<std::byte*>(file.data());
  whole.capacity = whole.used = static_cast<std::uint32_t>(file.size());
  progress p;
  watched = &p;
  detail::explore::looks_at_flag = []() noexcept { watched->look(); };
  const auto found = png::parse_header(&whole, {});
  detail::explore::looks_at_flag = nullptr;
  CHECK(std::holds_alternative<png::header>(found));
  CHECK(p.looks >= 12 * times / 65536);
}

TEST_CASE("the fast decoder looks at the flag in chunks that it passes over, too") {
  std::vector<std::uint8_t> file = white(2, 8, 16, 16);
  // Behind the header (a signature of 8 bytes, and 25): a text of a million bytes, with the checksum that it has.
  std::vector<std::uint8_t> text = {0x00, 0x0f, 0x42, 0x40, 't', 'E', 'X', 't'};
  text.resize(8 + 1'000'000, 'x');
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 4; i < text.size(); ++i) {
    crc ^= text[i];
    for (int k = 0; k < 8; ++k) {
      crc = crc >> 1 ^ (0xedb88320U & (0U - (crc & 1U)));
    }
  }
  for (int shift = 24; shift >= 0; shift -= 8) {
    text.push_back(static_cast<std::uint8_t>(~crc >> shift));
  }
  file.insert(file.begin() + 33, text.begin(), text.end());
  CHECK(watch(file, {.channels = 3}, png::decoder_choice::fast).looks >= 1'000'000 / 65536);
}
