// Makes PNG files that compress like photographs: smooth gradients, shapes with edges, and noise that depends on the
// brightness, written by libpng at level 6 with its own choice of filters. The same arguments give the same files.
//   make_images DIRECTORY WIDTH HEIGHT COUNT
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <png.h>
#include <random>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace {

struct wave {
  double x, y, phase, strength[3];
};

struct disc {
  double x, y, radius, color[3];
};

/// A scene in coordinates from 0 to 1.
struct scene {
  std::vector<wave> waves;
  std::vector<disc> discs;
};

scene make_scene(std::minstd_rand& random) {
  const auto uniform = [&random](double low, double high) {
    return low + (high - low) * (static_cast<double>(random() - std::minstd_rand::min()) /
                                 static_cast<double>(std::minstd_rand::max() - std::minstd_rand::min()));
  };
  scene made;
  double frequency = 1.5;
  for (int i = 0; i < 6; ++i, frequency *= 1.9) {
    wave w{uniform(-frequency, frequency), uniform(-frequency, frequency), uniform(0, 6.28), {}};
    for (double& strength : w.strength)
      strength = uniform(15, 45) / std::sqrt(frequency);
    made.waves.push_back(w);
  }
  for (int i = 0; i < 5; ++i) {
    disc d{uniform(0, 1), uniform(0, 1), uniform(0.05, 0.3), {}};
    for (double& color : d.color)
      color = uniform(-50, 50);
    made.discs.push_back(d);
  }
  return made;
}

void paint(const scene& from, std::minstd_rand& random, std::uint32_t width, std::uint32_t height, std::vector<png_byte>& rgb) {
  std::size_t at = 0;
  for (std::uint32_t row = 0; row < height; ++row) {
    for (std::uint32_t column = 0; column < width; ++column) {
      const double x = (column + 0.5) / width;
      const double y = (row + 0.5) / height;
      double color[3] = {120, 120, 120};
      for (const wave& w : from.waves) {
        const double value = std::sin(6.28 * (w.x * x + w.y * y) + w.phase);
        for (int c = 0; c < 3; ++c)
          color[c] += w.strength[c] * value;
      }
      for (const disc& d : from.discs)
        if (std::hypot(x - d.x, y - d.y) < d.radius)
          for (int c = 0; c < 3; ++c)
            color[c] += d.color[c];
      for (double value : color) {
        const double noise = static_cast<double>(random() % 1000 + random() % 1000) / 1000 - 1; // of a triangle's shape
        value += noise * (2.5 + std::sqrt(std::max(value, 0.0)) / 4);
        rgb[at++] = static_cast<png_byte>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
}

bool write_png(const std::string& path, std::uint32_t width, std::uint32_t height, const std::vector<png_byte>& rgb) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr)
    return false;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_write_struct(&png, &info);
    std::fclose(file);
    return false;
  }
  png_init_io(png, file);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 6);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_write_info(png, info);
  for (std::uint32_t row = 0; row < height; ++row)
    png_write_row(png, rgb.data() + std::size_t{row} * width * 3);
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return std::fclose(file) == 0;
}

} // namespace

int main(int argc, char** argv) {
  const auto number = [argv](int i) { return static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)); };
  if (argc != 5 || number(2) == 0 || number(3) == 0) {
    std::fputs("usage: make_images DIRECTORY WIDTH HEIGHT COUNT\n", stderr);
    return 2;
  }
  const std::string directory = argv[1];
  mkdir(directory.c_str(), 0777);
  std::vector<png_byte> rgb(std::size_t{number(2)} * number(3) * 3);
  for (std::uint32_t i = 0; i < number(4); ++i) {
    std::minstd_rand random(i + 1);
    paint(make_scene(random), random, number(2), number(3), rgb);
    char name[32];
    std::snprintf(name, sizeof name, "/%06u.png", i);
    if (!write_png(directory + name, number(2), number(3), rgb)) {
      std::perror((directory + name).c_str());
      return 1;
    }
  }
  return 0;
}
