#include <catch2/catch.hpp>

#include "../../conformance/chunks.hpp"
#include "../../conformance/patterns.hpp"
#include "decoding.hpp"

// Broken inputs of every sort: the verdict, and where there is an image its bytes and the warning, are the independent
// program's.

using namespace weir;
using namespace weir::png::testing;

namespace {

std::vector<bytes> small_files() {
  std::vector<bytes> files;
  files.push_back(encode(patterns::make({2, 8}, 4, 4)));
  files.push_back(encode(patterns::with_transparency(patterns::make({3, 4}, 6, 5, true))));
  files.push_back(encode(patterns::with_transparency(patterns::make({0, 16}, 3, 5))));
  auto p = patterns::make({6, 8}, 5, 3, true);
  p.gamma = 0.45;
  p.idat_bytes = 20; // several IDAT
  files.push_back(chunks::insert_before(encode(p), "IEND", chunks::make("tEXt", chunks::text(std::string("k\0v", 3)))));
  files.push_back(encode(patterns::make({0, 1}, 9, 9)));
  return files;
}

constexpr png_options three{.channels = 3};
constexpr png_options as_in_file{.channels = 0, .bits = 16};

// Else a flipped size asks for gigabytes.
bool small_enough(const bytes& file) {
  const chain input(file);
  const auto parsed = png::parse_header(input.first(), {});
  const auto* h = std::get_if<png::header>(&parsed);
  return h == nullptr || std::uint64_t{h->width} * h->height <= (1U << 20);
}

std::string differences(const bytes& file) {
  const std::string first = difference(file, three);
  return first.empty() ? difference(file, as_in_file, 50) : first;
}

} // namespace

TEST_CASE("a file that ends at any of its bytes has the independent program's verdict") {
  for (const bytes& file : small_files()) {
    for (std::size_t n = 0; n <= file.size(); ++n) {
      INFO("cut to " << n << " of " << file.size());
      REQUIRE(differences(chunks::cut(file, n)) == "");
      const verdict v = decode_file(chunks::cut(file, n), three);
      REQUIRE((v.how == png::ending::ok) == (n == file.size()));
      if (n < file.size()) {
        REQUIRE(v.why.message.find(n == 0 ? "empty" : "truncated") != std::string::npos);
        REQUIRE(v.why.offset <= n);
      }
    }
  }
}

TEST_CASE("a file with any one bit flipped has the independent program's verdict") {
  for (const bytes& file : small_files()) {
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
      bytes flipped = file;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
      INFO("bit " << bit << " of " << file.size() * 8);
      REQUIRE(differences(flipped) == "");
    }
  }
}

TEST_CASE(
    "a file with any one bit of a chunk's data flipped, and the checksum made right, has the independent program's verdict") {
  for (const bytes& file : small_files()) {
    for (const chunks::place& p : chunks::all(file)) {
      for (std::size_t bit = 0; bit < p.length * 8; ++bit) {
        bytes flipped = file;
        std::uint8_t& byte = flipped[p.data() + bit / 8];
        byte = static_cast<std::uint8_t>(byte ^ (1U << bit % 8));
        chunks::seal(flipped, p);
        if (small_enough(flipped)) {
          INFO(p.name << " bit " << bit);
          REQUIRE(differences(flipped) == "");
        }
      }
    }
  }
}

TEST_CASE("a file with any chunk missing, doubled or moved to the end has the independent program's verdict") {
  for (const bytes& file : small_files()) {
    for (const chunks::place& p : chunks::all(file)) {
      const bytes chunk(file.begin() + static_cast<std::ptrdiff_t>(p.start),
                        file.begin() + static_cast<std::ptrdiff_t>(p.end()));
      const bytes missing = chunks::erase(file, p.name);
      INFO(p.name);
      CHECK(differences(missing) == "");
      CHECK(differences(chunks::insert(file, p.end(), chunk)) == "");
      CHECK(differences(chunks::insert(missing, missing.size(), chunk)) == "");
      CHECK(differences(chunks::insert(missing, 8, chunk)) == "");
    }
  }
}

TEST_CASE("what is behind a failed decode is never told as an image") {
  for (const bytes& file : small_files()) {
    const verdict v = decode_file(chunks::break_adler(file), three);
    CHECK(v.how == png::ending::failed);
    CHECK(v.pixels.empty());
    CHECK_FALSE(v.overrun);
  }
}
