// tell_cases FILE NUMBER: writes so many cases for another machine's fast decoder: valid files of every kind and broken ones,
// and what libpng and the fast decoder make of them here.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "../conformance/any_setting.hpp"
#include "../conformance/chain.hpp"
#include "../conformance/drawing.hpp"
#include "../conformance/mutations.hpp"
#include "png/fast/decode_fast.hpp"
#include "told_case.hpp"

namespace {

using namespace weir;
using emulated::told_case;
using png::decoder_choice;

forge::bytes any_file(forge::dice& d) {
  if (d.one_in(10)) {
    return write(draw_flawed(forge::extent::small, d), d);
  }
  forge::bytes file = write(draw(d.one_in(100) ? forge::extent::large : forge::extent::small, d), d);
  return d.one_in(4) ? forge::mutated(file, d) : file;
}

// Nothing, where what is said of the file isn't for the fast decoder to find.
std::optional<told_case> any_case(std::uint64_t number) {
  forge::dice d(1, number);
  told_case c;
  c.file = any_file(d);
  const conformance::setting any = conformance::any_setting(d);
  c.how = {.channels = static_cast<std::uint32_t>(any.options.channels),
           .bits = static_cast<std::uint32_t>(any.options.bits),
           .segment = static_cast<std::uint32_t>(any.segment),
           .offset = static_cast<std::uint32_t>(any.offset)};
  const conformance::chain input(c.file, any.segment);
  const auto parsed = png::parse_header(input.first(), c.options());
  const auto* const h = std::get_if<png::header>(&parsed);
  if (h == nullptr || png::output_shape(*h, c.options(), true).bytes() > std::size_t{8} << 20) {
    return std::nullopt;
  }
  c.how.transparent = png::find_transparency(input.first(), *h).value_or(false) ? 1 : 0;
  c.pixels.resize(png::output_shape(*h, c.options(), c.how.transparent != 0).bytes());
  const std::span to = std::as_writable_bytes(std::span(c.pixels));
  png::scratch memory({});
  c.how.claimed = png::decode_fast(input.first(), *h, c.options(), to, memory, {}).how == png::ending::ok ? 1 : 0;
  if (c.how.claimed == 0) {
    c.pixels.clear();
  } else if (png::decode(input.first(), *h, c.options(), to, memory, {}, decoder_choice::reference).how != png::ending::ok) {
    return std::nullopt; // a chunk that the fast decoder leaves to libpng
  }
  return c;
}

} // namespace

int main(int argc, char** argv) {
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> to(argc == 3 ? std::fopen(argv[1], "wb") : nullptr);
  if (!to) {
    std::fputs("usage: tell_cases FILE NUMBER\n", stderr);
    return 2;
  }
  try {
    const std::uint64_t wanted = std::strtoull(argv[2], nullptr, 10);
    std::uint64_t written = 0;
    for (std::uint64_t number = 0; written < wanted; ++number) {
      if (const auto c = any_case(number)) {
        write(to.get(), *c);
        ++written;
      }
    }
    return std::fflush(to.get()) == 0 ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "tell_cases: %s\n", problem.what());
    return 1;
  }
}
