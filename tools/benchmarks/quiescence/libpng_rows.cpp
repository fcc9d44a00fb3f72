#include "libpng_rows.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>

namespace quiescence {

namespace {

struct reading {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::byte> left;
  stop_question* question = nullptr;
  std::vector<std::byte>* pixels = nullptr;
};

void take(png_structp png, png_bytep to, std::size_t count) {
  auto& r = *static_cast<reading*>(png_get_io_ptr(png));
  if (count > r.left.size()) {
    png_error(png, "end of file");
  }
  std::memcpy(to, r.left.data(), count);
  r.left = r.left.subspan(count);
}

void quiet(png_structp /*png*/, png_const_charp /*text*/) {}
void fail(png_structp png, png_const_charp /*text*/) { png_longjmp(png, 1); }

/// No local has a destructor: libpng leaves it by longjmp.
bool read_all(reading& r) {
  if (setjmp(png_jmpbuf(r.png)) != 0) {
    return false;
  }
  png_set_read_fn(r.png, &r, take);
  png_read_info(r.png, r.info);
  png_set_expand(r.png);
  png_set_strip_16(r.png);
  png_set_strip_alpha(r.png);
  png_set_gray_to_rgb(r.png);
  const int passes = png_set_interlace_handling(r.png);
  png_read_update_info(r.png, r.info);
  const std::size_t row = png_get_rowbytes(r.png, r.info);
  const png_uint_32 height = png_get_image_height(r.png, r.info);
  r.pixels->resize(std::max(r.pixels->size(), row * height));
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < height; ++y) {
      if (r.question != nullptr && r.question->stopped()) {
        return false;
      }
      png_read_row(r.png, reinterpret_cast<png_bytep>(r.pixels->data() + row * y), nullptr);
    }
  }
  png_read_end(r.png, nullptr);
  return true;
}

} // namespace

bool decode_rows(std::span<const std::byte> file, std::vector<std::byte>& pixels, stop_question* question) {
  reading r;
  r.left = file;
  r.question = question;
  r.pixels = &pixels;
  r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, fail, quiet);
  r.info = png_create_info_struct(r.png);
  const bool done = read_all(r);
  png_destroy_read_struct(&r.png, &r.info, nullptr);
  return done;
}

} // namespace quiescence
