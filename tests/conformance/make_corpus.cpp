// Writes a directory of PNG files, the same at every run: valid ones of every kind, and broken ones of every class.
//
//   make_corpus DIR
//
// What each is, its name says. Nothing here decides whether a file is valid: the independent program does.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "chunks.hpp"
#include "drawing.hpp"
#include "mutations.hpp"
#include "patterns.hpp"

namespace {

using namespace weir;
using chunks::bytes;

class corpus {
public:
  explicit corpus(std::filesystem::path root) : root_(std::move(root)) { std::filesystem::create_directories(root_); }

  void write(const std::string& name, const bytes& file) {
    const std::filesystem::path path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    if (!out.flush()) {
      throw std::runtime_error("can't write " + path.string());
    }
    ++count_;
  }
  [[nodiscard]] int count() const { return count_; }

private:
  std::filesystem::path root_;
  int count_ = 0;
};

void write_kinds(corpus& to) {
  for (const auto kind : patterns::kinds) {
    for (const bool interlaced : {false, true}) {
      const std::string name = "valid/" + patterns::name(kind) + (interlaced ? "-interlaced" : "");
      for (const std::uint32_t side : {1U, 2U, 5U, 9U, 32U}) {
        to.write(name + "-" + std::to_string(side) + ".png", encode(patterns::make(kind, side, side + 2, interlaced, side)));
      }
      if (patterns::may_have_transparency(kind)) {
        to.write(name + "-trns.png", encode(patterns::with_transparency(patterns::make(kind, 21, 17, interlaced))));
      }
      png::picture p = patterns::make(kind, 19, 23, interlaced);
      p.gamma = 0.45455;
      to.write(name + "-gamma.png", encode(p));
      p.srgb_intent = 0;
      to.write(name + "-srgb.png", encode(p));
    }
  }
}

void write_variants(corpus& to) {
  for (const int level : {0, 1, 9}) {
    for (const int filters : {0x08, 0x10, 0x20, 0x40, 0x80, 0xF8}) {
      png::picture p = patterns::make({2, 8}, 150, 100);
      p.level = level;
      p.filters = filters;
      p.idat_bytes = level == 1 ? 100 : 8192;
      to.write("valid/level" + std::to_string(level) + "-filters" + std::to_string(filters) + ".PNG", encode(p));
    }
  }
  to.write("valid/large.png", encode(patterns::make({6, 8}, 700, 500)));
  to.write("valid/wide.png", encode(patterns::make({2, 16}, 30'000, 2)));
  to.write("valid/tall.png", encode(patterns::make({0, 8}, 1, 30'000)));
  to.write("valid/widest.png", encode(patterns::make({0, 1}, 1'000'000, 1)));
  to.write("valid/.hidden.png", encode(patterns::make({0, 8}, 3, 3)));
  to.write("valid/a\ttab, a \\ and a \n newline.png", encode(patterns::make({0, 8}, 3, 3)));
  to.write("valid/directory.png/inside.png", encode(patterns::make({2, 8}, 4, 4)));
  png::picture short_palette = patterns::make({3, 8}, 16, 16);
  short_palette.palette.resize(40);
  to.write("valid/index-past-the-palette.png", encode(short_palette));
}

void write_warned(corpus& to) {
  const bytes plain = encode(patterns::make({2, 8}, 20, 15));
  const bytes text = chunks::make("tEXt", chunks::text(std::string("key\0value", 9)));
  const auto with = [&plain](const bytes& chunk) { return chunks::insert_before(plain, "IDAT", chunk); };
  to.write("warned/text.png", with(text));
  to.write("warned/text-crc.png", chunks::break_crc(with(text), "tEXt"));
  for (const char* name : {"bKGD", "cHRM", "eXIf", "gAMA", "hIST", "iCCP", "iTXt", "oFFs", "pCAL", "pHYs", "sBIT", "sCAL",
                           "sPLT", "sRGB", "tEXt", "tIME", "tRNS", "zTXt", "teSt"}) {
    to.write("warned/empty-" + std::string(name) + ".png", with(chunks::make(name, {})));
    to.write("warned/short-" + std::string(name) + ".png", with(chunks::make(name, {1})));
    to.write("warned/late-" + std::string(name) + ".png", chunks::insert_before(plain, "IEND", chunks::make(name, {1, 2, 3})));
    to.write("warned/early-" + std::string(name) + ".png", chunks::insert_before(plain, "IHDR", chunks::make(name, {1, 2, 3})));
  }
  bytes long_text = chunks::text(std::string("key\0", 4));
  long_text.resize(300'000, 'x');
  to.write("warned/long-text.png", with(chunks::make("tEXt", long_text)));
  to.write("warned/more-rows.png", chunks::resized(plain, 20, 14));
  bytes trailing = plain;
  trailing.resize(plain.size() + 100'000, 0x5A);
  to.write("warned/after-iend.png", trailing);
}

void write_broken_header(corpus& to) {
  const bytes plain = encode(patterns::make({2, 8}, 20, 15));
  to.write("broken/empty.png", {});
  to.write("broken/not-a-png.png", chunks::text("GIF89a and so on, for more than thirty-three bytes"));
  bytes ascii = plain;
  ascii.at(4) = '\n';
  to.write("broken/ascii.png", ascii);
  to.write("broken/width-0.png", chunks::resized(plain, 0, 15));
  to.write("broken/width-1000001.png", chunks::resized(plain, 1'000'001, 1));
  to.write("broken/height-2147483648.png", chunks::resized(plain, 1, 0x80000000U));
  to.write("broken/pixels-2e29.png", chunks::resized(plain, 32768, 16384));
  to.write("broken/ihdr-crc.png", chunks::break_crc(plain, "IHDR"));
  for (const std::uint8_t type : bytes{1, 3, 5, 7}) {
    to.write("broken/color-type-" + std::to_string(type) + ".png", chunks::set(plain, "IHDR", 9, type));
  }
  for (const std::uint8_t depth : bytes{0, 1, 3, 4, 16, 32}) {
    to.write("broken/depth-" + std::to_string(depth) + ".png", chunks::set(plain, "IHDR", 8, depth));
  }
  for (const std::size_t field : {10U, 11U, 12U}) {
    to.write("broken/method-" + std::to_string(field) + ".png", chunks::set(plain, "IHDR", field, 2));
  }
  to.write("broken/no-ihdr.png", chunks::erase(plain, "IHDR"));
  to.write("broken/critical-first.png", chunks::insert_before(plain, "IHDR", chunks::make("TESt", {1})));
}

void write_broken_data(corpus& to) {
  const bytes plain = encode(patterns::make({2, 8}, 20, 15));
  const bytes palette = encode(patterns::make({3, 4}, 20, 15));
  for (std::size_t n = 1; n < plain.size(); n += n < 60 ? 3 : plain.size() / 20) {
    to.write("broken/cut-" + std::to_string(n) + ".png", chunks::cut(plain, n));
  }
  to.write("broken/idat-crc.png", chunks::break_crc(plain, "IDAT"));
  to.write("broken/adler.png", chunks::break_adler(plain));
  to.write("broken/fewer-rows.png", chunks::resized(plain, 20, 16));
  to.write("broken/no-iend.png", chunks::erase(plain, "IEND"));
  to.write("broken/no-idat.png", chunks::erase(plain, "IDAT"));
  to.write("broken/no-plte.png", chunks::erase(palette, "PLTE"));
  to.write("broken/plte-crc.png", chunks::break_crc(palette, "PLTE"));
  to.write("broken/plte-length.png",
           chunks::insert_before(chunks::erase(palette, "PLTE"), "IDAT", chunks::make("PLTE", {1, 2})));
  to.write("broken/two-ihdr.png", chunks::insert_after(plain, "IHDR", chunks::make("IHDR", bytes(13, 1))));
  to.write("broken/critical.png", chunks::insert_before(plain, "IDAT", chunks::make("TESt", {1})));
  bytes missing = chunks::insert_before(plain, "IDAT", chunks::make("tEXt", chunks::text("k")));
  missing.at(chunks::find(missing, "tEXt").start + 1) = 1; // 64 KiB more than there are
  to.write("broken/ancillary-data-missing.png", missing);
  patterns::noise random(7);
  for (int i = 0; i < 40; ++i) {
    bytes flipped = i % 2 == 0 ? plain : palette;
    const chunks::place p = chunks::find(flipped, "IDAT");
    flipped[p.data() + random.next() % p.length] ^= static_cast<std::uint8_t>(1U << random.next() % 8);
    chunks::seal(flipped, p);
    to.write("broken/idat-flip-" + std::to_string(i) + ".png", flipped);
  }
}

// Else a changed size asks for gigabytes, which the independent program takes.
bool asks_for_much(const bytes& file) {
  return file.size() >= 24 && std::uint64_t{chunks::get(file, 16)} * chunks::get(file, 20) > 1'000'000;
}

void write_drawn(corpus& to) {
  for (std::uint64_t i = 0; i < 150; ++i) {
    forge::dice d(i);
    const std::string number = std::to_string(i) + ".png";
    const bytes file = write(draw(forge::extent::small, d), d);
    to.write("drawn/valid-" + number, file);
    to.write("drawn/flawed-" + number, write(draw_flawed(forge::extent::small, d), d));
    if (const bytes mutant = forge::mutated(file, d); !asks_for_much(mutant)) {
      to.write("drawn/mutated-" + number, mutant);
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_corpus DIR\n", stderr);
    return 2;
  }
  try {
    corpus to(argv[1]);
    write_kinds(to);
    write_variants(to);
    write_warned(to);
    write_broken_header(to);
    write_broken_data(to);
    write_drawn(to);
    std::printf("%d files\n", to.count());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "make_corpus: %s\n", e.what());
    return 1;
  }
}
