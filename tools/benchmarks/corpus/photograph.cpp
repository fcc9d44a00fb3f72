#include "photograph.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <random>
#include <stdexcept>

#include <jpeglib.h>

namespace corpus {
namespace {

// libjpeg leaves by longjmp: what lives while it runs is in here or outside of the function with setjmp.
struct reading {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  std::FILE* file;
  photograph* to;
  char message[JMSG_LENGTH_MAX];
  std::jmp_buf jump;
};

[[noreturn]] void on_error(j_common_ptr jpeg) {
  auto& r = *static_cast<reading*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, r.message);
  std::longjmp(r.jump, 1);
}

void on_message(j_common_ptr) {}

/// False after an error.
bool read_all(reading& r) {
  if (setjmp(r.jump) != 0)
    return false;
  jpeg_stdio_src(&r.jpeg, r.file);
  jpeg_read_header(&r.jpeg, TRUE);
  r.jpeg.out_color_space = JCS_RGB;
  r.jpeg.dct_method = JDCT_ISLOW; // exact, so the same with and without SIMD
  jpeg_start_decompress(&r.jpeg);
  r.to->width = r.jpeg.output_width;
  r.to->height = r.jpeg.output_height;
  r.to->rgb.resize(std::size_t{r.to->width} * r.to->height * 3);
  while (r.jpeg.output_scanline < r.jpeg.output_height) {
    JSAMPROW row = r.to->rgb.data() + std::size_t{r.jpeg.output_scanline} * r.to->width * 3;
    jpeg_read_scanlines(&r.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&r.jpeg);
  return true;
}

/// The place of `i` on a line of `length` that goes on in a mirror.
std::uint32_t mirrored(std::uint32_t i, std::uint32_t length) {
  const std::uint32_t in_period = i % (2 * length);
  return in_period < length ? in_period : 2 * length - 1 - in_period;
}

/// Calls add(source, weight) for each of `side` places that the `at`-th of `size` shares covers; the weights add up to `side`.
template<class Add> void for_each_covered(std::uint32_t at, std::uint32_t size, std::uint32_t side, Add add) {
  const std::uint64_t begin = std::uint64_t{at} * side;
  const std::uint64_t end = begin + side;
  for (std::uint64_t source = begin / size; source * size < end; ++source)
    add(static_cast<std::uint32_t>(source), std::min(end, (source + 1) * size) - std::max(begin, source * size));
}

} // namespace

photograph read_jpeg(const std::string& path) {
  photograph result;
  reading r{};
  r.to = &result;
  r.file = std::fopen(path.c_str(), "rb");
  if (r.file == nullptr)
    throw std::runtime_error(path + ": cannot be opened");
  r.jpeg.err = jpeg_std_error(&r.errors);
  r.errors.error_exit = on_error;
  r.errors.output_message = on_message;
  jpeg_create_decompress(&r.jpeg);
  r.jpeg.client_data = &r;
  const bool good = read_all(r);
  jpeg_destroy_decompress(&r.jpeg);
  std::fclose(r.file);
  if (!good)
    throw std::runtime_error(path + ": " + r.message);
  return result;
}

window choose_window(const photograph& from, std::uint32_t size, std::uint32_t index) {
  // Not the library's distributions: those differ between implementations.
  std::minstd_rand random(index + 1);
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  random.discard(7);
  const std::uint32_t shorter = std::min(from.width, from.height);
  if (size >= shorter)
    return {below(from.width), below(from.height), size};
  const std::uint32_t least = std::max(size, shorter / 2);
  const std::uint32_t side = least + below(shorter - least + 1);
  return {below(from.width - side + 1), below(from.height - side + 1), side};
}

std::vector<std::uint16_t> cut(const photograph& from, const window& w, std::uint32_t size) {
  const std::uint64_t area = std::uint64_t{w.side} * w.side;
  std::vector<std::uint64_t> sums(std::size_t{size} * 3);
  std::vector<std::uint32_t> line(std::size_t{size} * 3);
  std::vector<std::uint16_t> result(std::size_t{size} * size * 3);
  const auto shrink_row = [&](const std::uint8_t* row) {
    std::fill(line.begin(), line.end(), 0);
    for (std::uint32_t x = 0; x < size; ++x)
      for_each_covered(x, size, w.side, [&](std::uint32_t source, std::uint64_t weight) {
        const std::uint8_t* pixel = row + std::size_t{mirrored(w.left + source, from.width)} * 3;
        for (std::size_t c = 0; c < 3; ++c)
          line[x * 3 + c] += static_cast<std::uint32_t>(weight * pixel[c]);
      });
  };
  for (std::uint32_t y = 0; y < size; ++y) {
    std::fill(sums.begin(), sums.end(), 0);
    for_each_covered(y, size, w.side, [&](std::uint32_t source, std::uint64_t weight) {
      shrink_row(from.rgb.data() + std::size_t{mirrored(w.top + source, from.height)} * from.width * 3);
      for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] += weight * line[i];
    });
    for (std::size_t i = 0; i < sums.size(); ++i)
      result[std::size_t{y} * size * 3 + i] = static_cast<std::uint16_t>((sums[i] * 257 + area / 2) / area);
  }
  return result;
}

} // namespace corpus
