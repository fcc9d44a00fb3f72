#include <catch2/catch.hpp>

#include <zlib.h>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"
#include "png/feeding.hpp"

// Where rows are longer than 64 KiB, libpng takes smaller pieces here than in the program that it is compared with.

using namespace weir;
using namespace weir::png::testing;

namespace {

constexpr std::uint32_t columns = 66'000; // of one byte
constexpr std::size_t one_chunk = std::size_t{1} << 30;

bytes text_of(const bytes& from, std::size_t start, std::size_t end) {
  return {from.begin() + static_cast<std::ptrdiff_t>(start), from.begin() + static_cast<std::ptrdiff_t>(end)};
}

void append(bytes& to, const bytes& what) { to.insert(to.end(), what.begin(), what.end()); }

// A gray image of so many rows whose pixels are this stream, in chunks of so many bytes.
bytes file_of(const bytes& stream, std::uint32_t rows, std::size_t idat, bool interlaced = false) {
  bytes header;
  chunks::put(header, columns);
  chunks::put(header, rows);
  append(header, {8, 0, 0, 0, static_cast<std::uint8_t>(interlaced ? 1 : 0)});
  bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append(file, chunks::make("IHDR", header));
  for (std::size_t at = 0; at < stream.size(); at += idat) {
    append(file, chunks::make("IDAT", text_of(stream, at, std::min(stream.size(), at + idat))));
  }
  append(file, chunks::make("IEND", {}));
  return file;
}

// Filters and pixels of `size` bytes, mostly zero, with so many of noise in front.
bytes raw_pixels(std::size_t size, std::size_t noisy = 0) {
  bytes raw(size, 0);
  patterns::noise random(5);
  for (std::size_t i = 0; i < noisy; ++i) {
    raw.at(1 + i) = static_cast<std::uint8_t>(random.next());
  }
  for (std::size_t i = columns; i < size; i += 3001 + i % 1999) {
    raw.at(i % (columns + 1) == 0 ? i + 1 : i) = static_cast<std::uint8_t>(i % 251);
  }
  return raw;
}

// A stream in which so many empty blocks follow the last pixel.
bytes compressed(const bytes& raw, std::size_t empty_blocks = 0) {
  bytes out(raw.size() + 1000);
  z_stream z{};
  REQUIRE(deflateInit(&z, 6) == Z_OK);
  z.next_in = const_cast<Bytef*>(raw.data());
  z.avail_in = static_cast<uInt>(raw.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  if (empty_blocks == 0) {
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  } else {
    REQUIRE(deflate(&z, Z_SYNC_FLUSH) == Z_OK);
  }
  out.resize(z.total_out);
  deflateEnd(&z);
  for (std::size_t i = 0; i < empty_blocks; ++i) {
    append(out, {static_cast<std::uint8_t>(i + 1 == empty_blocks ? 1 : 0), 0, 0, 0xFF, 0xFF});
  }
  if (empty_blocks > 0) {
    chunks::put(out, static_cast<std::uint32_t>(adler32(1, raw.data(), static_cast<uInt>(raw.size()))));
  }
  return out;
}

// On the verdict, and on the image and its warning, or on libpng's words.
void agree(const bytes& file) {
  std::string how = difference(file, {.channels = 1});
  const verdict ours = decode_file(file, {.channels = 1});
  const std::string words = decode_independently(file, {.channels = 1}).why.message;
  if (ours.how == png::ending::failed && ours.why.message != words &&
      !(ours.why.message.starts_with("truncated") && words == "truncated")) {
    how += " words: '" + ours.why.message + "', '" + words + "'";
  }
  if (!how.empty()) { // an assertion for each of thousands would take most of the time
    FAIL(how);
  }
}

} // namespace

TEST_CASE("a stream cut short after any of its bytes is what it is for libpng, in rows longer than 64 KiB too") {
  const bytes raw = raw_pixels(2 * (columns + 1));
  for (const std::size_t empty_blocks : {0U, 1U, 40U}) {
    const bytes stream = compressed(raw, empty_blocks);
    REQUIRE(stream.size() < 1000);
    for (const std::size_t idat : {one_chunk, std::size_t{100}, std::size_t{7}}) {
      for (std::size_t size = 1; size <= stream.size(); ++size) {
        INFO(size << " of " << stream.size() << " bytes, " << empty_blocks << " empty blocks, IDATs of " << idat);
        agree(file_of(text_of(stream, 0, size), 2, idat));
      }
    }
  }
}

TEST_CASE("the same where the pixels' data ends at any place about the end of libpng's 8 KiB") {
  for (std::size_t noisy = 7700; noisy < 7900; ++noisy) {
    const bytes stream = compressed(raw_pixels(columns + 1, noisy), noisy % 3 * 15);
    for (std::size_t cut = 0; cut < 12; ++cut) {
      INFO(cut << " bytes less than " << stream.size());
      agree(file_of(text_of(stream, 0, stream.size() - cut), 1, one_chunk));
    }
  }
}

TEST_CASE("a file cut short after any of its bytes is what it is for libpng, in rows longer than 64 KiB too") {
  const bytes file = file_of(compressed(raw_pixels(2 * (columns + 1)), 20), 2, 150);
  for (std::size_t size = 33; size < file.size(); ++size) {
    INFO(size << " of " << file.size() << " bytes");
    agree(chunks::cut(file, size));
  }
}

TEST_CASE("any byte of a stream may be another one in rows longer than 64 KiB: libpng's verdict and words stay its own") {
  const bytes stream = compressed(raw_pixels(2 * (columns + 1)), 3);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      INFO("byte " << at << " of " << stream.size() << " xor " << unsigned{flip});
      bytes other = stream;
      other.at(at) ^= flip;
      agree(file_of(other, 2, one_chunk));
      agree(file_of(other, 1, 50));
    }
  }
}

TEST_CASE("an interlaced stream cut short, with rows longer than 64 KiB, is what it is for libpng") {
  // The passes of an image of 2 rows: columns by 8, 8 and 4, 2, and the second row whole.
  const std::size_t size = (8250 + 1) * 2 + (16'500 + 1) + (33'000 + 1) + (66'000 + 1);
  const bytes stream = compressed(bytes(size, 0), 2);
  for (std::size_t cut = 0; cut < 40; ++cut) {
    INFO("without " << cut);
    agree(file_of(text_of(stream, 0, stream.size() - cut), 2, one_chunk, true));
    agree(file_of(text_of(stream, 0, stream.size() - cut), 2, 9, true));
  }
}

TEST_CASE("distances beyond the window that a stream names are what they are for libpng, in rows longer than 64 KiB too") {
  bytes raw(columns + 1, 0);
  patterns::noise random(9);
  for (std::size_t i = 1; i <= 700; ++i) {
    raw.at(i) = static_cast<std::uint8_t>(random.next());
  }
  for (const std::size_t back : {400U, 3000U, 20'000U}) {
    for (std::size_t i = 701; i < raw.size(); ++i) {
      raw.at(i) = i > back ? raw.at(i - back) : std::uint8_t{0};
    }
    bytes stream = compressed(raw);
    for (const unsigned window_bits : {8U, 9U, 11U, 14U}) { // it was made for one of 15
      stream.at(0) = static_cast<std::uint8_t>((window_bits - 8) << 4 | 8);
      stream.at(1) = static_cast<std::uint8_t>(31 - stream.at(0) * 256 % 31);
      INFO("distances of " << back << ", a window of 2^" << window_bits);
      agree(file_of(stream, 1, one_chunk));
      agree(file_of(stream, 1, 300));
      agree(file_of(text_of(stream, 0, stream.size() - 7), 1, one_chunk));
    }
  }
}

TEST_CASE("pieces are of 63 bytes at most, end where 8192 bytes of a chunk do, and the last one has 31 if the chunk has") {
  for (std::uint32_t length = 1; length < 17'000; length += length < 300 || length % 8192 > 8000 ? 1 : 97) {
    const bytes chunk = chunks::make("IDAT", bytes(length, 0));
    png::feeding feed;
    feed.took(chunk.data(), 8, false); // as the signature
    feed.took(chunk.data(), 8, false);
    std::size_t taken = 0;
    std::size_t last = 0;
    while (taken < length) {
      last = feed.next_piece();
      REQUIRE((last >= 1 && last <= png::feeding::largest_piece));
      REQUIRE(taken / 8192 == (taken + last - 1) / 8192);
      feed.took(chunk.data() + 8 + taken, last, false);
      taken += last;
      REQUIRE(feed.differs() == (taken != length && taken % 8192 != 0));
    }
    REQUIRE(taken == length);
    REQUIRE(last >= std::min<std::size_t>(31, length % 8192 == 0 ? 8192 : length % 8192));
  }
}

TEST_CASE("the second time the piece in which the pixels ended is the rest of its window, and all behind it are whole") {
  const bytes chunk = chunks::make("IDAT", bytes(20'000, 0));
  const auto begin = [&chunk](png::feeding feed) {
    feed.took(chunk.data(), 8, false);
    feed.took(chunk.data(), 8, false);
    return feed;
  };
  png::feeding first = begin({});
  for (int i = 0; i < 3; ++i) {
    first.took(chunk.data(), 63, false);
  }
  REQUIRE(first.differs());
  png::feeding second = begin(png::feeding::again(first));
  for (int i = 0; i < 2; ++i) {
    REQUIRE(second.next_piece() == 63);
    second.took(chunk.data(), 63, false);
  }
  REQUIRE(second.next_piece() == 8192 - 2 * 63);
  second.took(chunk.data(), 8192 - 2 * 63, false);
  REQUIRE(second.next_piece() == 8192);
  REQUIRE_FALSE(second.differs());
}
