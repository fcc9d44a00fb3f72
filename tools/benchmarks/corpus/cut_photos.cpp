// Cuts photographs to square images and encodes them as PNG files: the part of tools/corpus that needs decoders and encoders.
//   cut_photos < PLAN
// A line of the plan: JPEG TAB INDEX TAB SIZE TAB FORM TAB ENCODER TAB TARGET, with the names that photograph.hpp and forms.hpp
// know. The same plan gives the same bytes. Prints a dot a file; exit code 1, and the reason, at the first that can't be made.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "forms.hpp"
#include "photograph.hpp"

namespace {

struct order {
  std::string jpeg;
  std::uint32_t index = 0;
  std::uint32_t size = 0;
  std::string form;
  std::string encoder;
  std::string target;
};

order parse(const std::string& line) {
  std::istringstream fields(line);
  const auto field = [&fields, &line] {
    std::string text;
    if (!std::getline(fields, text, '\t') || text.empty())
      throw std::runtime_error("not a line of a plan: " + line);
    return text;
  };
  order o;
  o.jpeg = field();
  o.index = static_cast<std::uint32_t>(std::stoul(field()));
  o.size = static_cast<std::uint32_t>(std::stoul(field()));
  o.form = field();
  o.encoder = field();
  o.target = field();
  return o;
}

void carry_out(const order& o, const corpus::photograph& from) {
  auto picture = corpus::make_form(o.form, corpus::cut(from, corpus::choose_window(from, o.size, o.index), o.size), o.size);
  if (!picture || !corpus::set_encoder(o.encoder, *picture))
    throw std::runtime_error("no such form or encoder: " + o.form + ", " + o.encoder);
  const auto file = weir::png::encode(*picture);
  std::ofstream to(o.target, std::ios::binary);
  to.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  if (!to.flush())
    throw std::runtime_error(o.target + ": cannot be written");
}

} // namespace

int main() {
  try {
    std::string current;
    corpus::photograph photograph;
    for (std::string line; std::getline(std::cin, line);) {
      const order o = parse(line);
      if (o.jpeg != current)
        photograph = corpus::read_jpeg(current = o.jpeg);
      carry_out(o, photograph);
      std::putchar('.');
      std::fflush(stdout);
    }
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "cut_photos: %s\n", problem.what());
    return 1;
  }
}
