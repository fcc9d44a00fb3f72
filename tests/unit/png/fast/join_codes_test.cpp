#include <catch2/catch.hpp>

#include <array>
#include <vector>

#include "../../../conformance/patterns.hpp"
#include "png/fast/huffman.hpp"
#include "png/fast/join_codes.hpp"
#include "png/kernels/kernels.hpp"

using namespace weir;
using namespace weir::png;

namespace {

using lengths = std::array<std::uint8_t, 286>;
using table = std::vector<std::uint32_t>;

// Of a complete code of so many symbols, among them the block's end: leaves of a tree that grows at random.
lengths random_code(patterns::noise& random, std::size_t symbols, std::uint8_t longest) {
  std::vector<std::uint8_t> leaves = {1, 1};
  while (leaves.size() < symbols) {
    std::uint8_t& leaf = leaves[random.next() % leaves.size()];
    if (leaf < longest) {
      leaves.push_back(++leaf);
    }
  }
  lengths all{};
  all[256] = leaves[0];
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    std::size_t symbol = random.next() % all.size();
    while (all[symbol] != 0) {
      symbol = (symbol + 1) % all.size();
    }
    all[symbol] = leaves[i];
  }
  return all;
}

// What an entry says in words: literals, whether a match comes and which, and how many bits that takes.
struct meaning {
  std::vector<std::uint32_t> literals;
  std::uint32_t match = 0;
  unsigned bits = 0;
  bool operator==(const meaning&) const = default;
};

meaning meaning_of(std::uint32_t entry) {
  meaning m{.literals = {}, .match = code::match_of(entry), .bits = code::bits_of(entry)};
  for (unsigned i = 0; i < code::literals_of(entry); ++i) {
    m.literals.push_back(entry >> (8 + 8 * i) & 0xFFU);
  }
  return m;
}

// One code after the other: up to two literals and a match, as far as the codes are in an index.
meaning read(const table& single, std::size_t index) {
  meaning all;
  for (;;) {
    const std::uint32_t entry = single[index >> all.bits];
    const bool special = (entry & code::special) != 0;
    const bool literal = code::literals_of(entry) == 1;
    const unsigned bits = literal ? code::bits_of(entry) : code::code_bits_of(entry);
    if (special || all.bits + bits > code::litlen_bits || (literal && all.literals.size() == 2)) {
      return all;
    }
    all.bits += code::bits_of(entry);
    if (!literal) {
      all.match = code::match_of(entry);
      return all;
    }
    all.literals.push_back(entry >> 8 & 0xFFU);
  }
}

} // namespace

TEST_CASE("joined entries say what their codes say one after the other, with AVX2 as without") {
  patterns::noise random(11);
  for (int round = 0; round < 300; ++round) {
    const std::size_t symbols = 2 + random.next() % (round % 3 == 0 ? 8 : 285);
    const lengths code = random_code(random, symbols, round % 2 == 0 ? 15 : 9);
    table single(code::litlen_room);
    REQUIRE(build_litlen(single.data(), code.data(), code.size()));
    table joined = single;
    join_codes(joined.data());
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < std::size_t{1} << code::litlen_bits; ++i) {
      if (code::literals_of(single[i]) == 0) {
        REQUIRE(joined[i] == single[i]);
        continue;
      }
      REQUIRE(meaning_of(joined[i]) == read(single, i));
      found += joined[i] != single[i] ? 1 : 0;
    }
    const std::uint32_t foreseen = 2 * joinable(code.data(), code.size()); // which counts what begins with a match, too
    REQUIRE(found <= foreseen + 2);
    if (kernels::best().avx2_bmi2) {
      join_codes_avx2(single.data());
      const bool same = single == joined; // or all of both would be printed
      REQUIRE(same);
    }
  }
}
