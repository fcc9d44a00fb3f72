#include <catch2/catch.hpp>

#include "../../src/memory/poison.hpp"
#include "chunks.hpp"
#include "comparer.hpp"
#include "patterns.hpp"

// That every kind of disagreement is found: decoders with one thing wrong.

using namespace weir;
using namespace weir::conformance;
using png::decoded;
using png::decoder_choice;
using png::ending;

namespace {

bytes plain() { return encode(patterns::make({2, 8}, 9, 7)); }
bytes refused() { return chunks::break_adler(plain()); }
bytes warned() { return chunks::insert_before(plain(), "IDAT", chunks::make("gAMA", {1})); }

constexpr setting rgb{.options = {.channels = 3}};
constexpr setting apart{.options = {.channels = 3}, .gap = 5};

// The reference under all names, changed by `change` where it is asked for as `which`.
template<class Change> comparer::decoder changed(decoder_choice which, Change change) {
  return [which, change](const memory::segment* input, const png::header& h, const png_options& options, const png::surface& to,
                         png::scratch& memory, decoder_choice asked) {
    decoded d = comparer::decode_by_weir(input, h, options, to, memory, decoder_choice::reference);
    if (asked == which) {
      change(d, to);
    }
    return d;
  };
}

template<class Change> std::string found(const bytes& file, const setting& how, Change change) {
  comparer c(std::size_t{1} << 20, changed(decoder_choice::fast, change));
  const std::string by_fast = c.difference(file, how);
  comparer other(std::size_t{1} << 20,
                 changed(decoder_choice::automatic, [&change](decoded& d, const png::surface& to) { change(d, to); }));
  const std::string by_automatic = other.difference(file, how);
  CHECK(by_fast.empty() == by_automatic.empty());
  return by_fast;
}

constexpr auto nothing = [](decoded&, const png::surface&) {};

} // namespace

TEST_CASE("decoders that do the same are of one mind") {
  CHECK(found(plain(), rgb, nothing) == "");
  CHECK(found(plain(), apart, nothing) == "");
  CHECK(found(warned(), rgb, nothing) == "");
}

TEST_CASE("one wrong sample is found, wherever it is") {
  for (std::size_t at = 0; at < 9 * 7 * 3; ++at) {
    const auto wrong = [at](decoded&, const png::surface& to) { to.data[at] ^= std::byte{1}; };
    REQUIRE(found(plain(), rgb, wrong).find("other pixels") != std::string::npos);
  }
}

TEST_CASE("a sample that nobody wrote is found") {
  const bytes file = plain();
  const auto leave_last_row = [](const memory::segment* input, const png::header& h, const png_options& options,
                                 const png::surface& to, png::scratch& memory, decoder_choice which) {
    if (which != decoder_choice::fast) {
      return comparer::decode_by_weir(input, h, options, to, memory, decoder_choice::reference);
    }
    std::vector<std::byte> copy(to.size);
    decoded d = comparer::decode_by_weir(input, h, options, png::surface(copy), memory, decoder_choice::reference);
    std::copy(copy.begin(), copy.end() - 27, to.data);
    return d;
  };
  comparer c(std::size_t{1} << 20, leave_last_row);
  CHECK(c.difference(file, rgb) == "fast: other pixels than the reference in row 6");
}

TEST_CASE("a byte written between the rows is found") {
  const auto between = [](decoded&, const png::surface& to) { to.data[27 + 4] ^= std::byte{0x80}; };
  CHECK(found(plain(), apart, between).find("between the rows") != std::string::npos);
}

#ifndef WEIR_ADDRESS_SANITIZER // which ends the program there
TEST_CASE("a byte written before or behind the rows is found, of a failure too") {
  for (const bytes& file : {plain(), refused()}) {
    const auto behind = [](decoded&, const png::surface& to) { to.data[to.size] ^= std::byte{1}; };
    const auto before = [](decoded&, const png::surface& to) { to.data[-1] ^= std::byte{1}; };
    CHECK(found(file, rgb, behind).find("outside of the rows") != std::string::npos);
    CHECK(found(file, rgb, before).find("outside of the rows") != std::string::npos);
  }
}
#endif

TEST_CASE("an image that the reference refuses, and a refusal of what it takes, are found") {
  CHECK(found(refused(), rgb, [](decoded& d, const png::surface&) { d = {ending::ok, {}, {}}; }) != "");
  CHECK(found(plain(), rgb, [](decoded& d, const png::surface&) { d = {ending::failed, {}, {}}; }) != "");
  CHECK(found(plain(), rgb, [](decoded& d, const png::surface&) { d.how = ending::stopped; }) != "");
}

TEST_CASE("another warning, or none, is found") {
  CHECK(found(warned(), rgb, [](decoded& d, const png::surface&) { d.warning.clear(); }) != "");
  CHECK(found(plain(), rgb, [](decoded& d, const png::surface&) { d.warning = "gAMA: invalid"; }) != "");
}

TEST_CASE("the fast decoder may say nothing but yes; users get the reference's stage, message and offset") {
  comparer same(std::size_t{1} << 20, changed(decoder_choice::fast, nothing));
  CHECK(same.difference(refused(), rgb).find("it may only say yes") != std::string::npos);
  const auto caught = [](auto change) {
    comparer c(std::size_t{1} << 20, [change](const memory::segment* input, const png::header& h, const png_options& options,
                                              const png::surface& to, png::scratch& memory, decoder_choice which) {
      decoded d = comparer::decode_by_weir(input, h, options, to, memory, decoder_choice::reference);
      if (which == decoder_choice::fast) {
        d.how = ending::not_claimed;
      } else if (which == decoder_choice::automatic) {
        change(d);
      }
      return d;
    });
    return c.difference(refused(), rgb);
  };
  CHECK(caught([](decoded&) {}) == "");
  CHECK(caught([](decoded& d) { d.why.message += "."; }) != "");
  CHECK(caught([](decoded& d) { d.why.where = stage::header; }) != "");
  CHECK(caught([](decoded& d) { ++d.why.offset; }) != "");
}

TEST_CASE("the reference itself is held against the independent program") {
  const auto caught = [](const bytes& file, auto change) {
    comparer c(std::size_t{1} << 20, changed(decoder_choice::reference, change));
    return c.difference(file, rgb).find("independent") != std::string::npos;
  };
  CHECK(caught(plain(), [](decoded&, const png::surface& to) { to.data[to.size - 1] ^= std::byte{1}; }));
  CHECK(caught(refused(), [](decoded& d, const png::surface&) { d.why.message = "no"; }));
  CHECK(caught(refused(), [](decoded& d, const png::surface&) { d = {ending::ok, {}, {}}; }));
  CHECK(caught(warned(), [](decoded& d, const png::surface&) { d.warning.clear(); }));
}
