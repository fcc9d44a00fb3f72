// make_seeds DIRECTORY COUNT: small PNG files of every kind, for a fuzzer to start from.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "../conformance/drawing.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: make_seeds DIRECTORY COUNT\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path directory = argv[1];
    std::filesystem::create_directories(directory);
    const int count = std::stoi(argv[2]);
    for (int i = 0; i < count; ++i) {
      using namespace weir::forge;
      dice d(static_cast<std::uint64_t>(i), 0x5EED);
      const extent size = d.one_in(3) ? extent::small : extent::tiny;
      const bytes file = write(d.one_in(4) ? draw_flawed(size, d) : draw(size, d), d);
      std::ofstream out(directory / (std::to_string(i) + ".png"), std::ios::binary | std::ios::trunc);
      out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
      if (!out.flush()) {
        throw std::runtime_error("can't write to " + directory.string());
      }
    }
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "make_seeds: %s\n", problem.what());
    return 2;
  }
}
