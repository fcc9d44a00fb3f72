#include "encode.hpp"

#include <csetjmp>
#include <cstring>
#include <new>
#include <stdexcept>

#include <png.h>

namespace weir::png {
namespace {

// As in session.hpp: what lives while libpng runs has no destructor, or stands outside of the function with setjmp.
struct writer {
  const picture* from;
  std::vector<std::uint8_t>* to;
  png_struct* png;
  png_info* info;
  char error[200];
  std::jmp_buf jump;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto& w = *static_cast<writer*>(png_get_error_ptr(png));
  std::strncpy(w.error, message, sizeof(w.error) - 1);
  std::longjmp(w.jump, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep bytes, size_t size) {
  auto& w = *static_cast<writer*>(png_get_io_ptr(png));
  bool fits = true;
  try {
    w.to->insert(w.to->end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    fits = false;
  }
  if (!fits) {
    png_error(png, "out of memory");
  }
}

void on_flush(png_structp) {}

void write_ancillary(writer& w) {
  const picture& p = *w.from;
  if (p.gamma) {
    png_set_gAMA(w.png, w.info, *p.gamma);
  }
  if (p.srgb_intent) {
    png_set_sRGB(w.png, w.info, *p.srgb_intent);
  }
  if (!p.palette.empty()) {
    png_color colors[256] = {};
    const std::size_t n = p.palette.size() < 256 ? p.palette.size() : 256;
    for (std::size_t i = 0; i < n; ++i) {
      colors[i] = {p.palette[i][0], p.palette[i][1], p.palette[i][2]};
    }
    png_set_PLTE(w.png, w.info, colors, static_cast<int>(n));
  }
  if (!p.palette_alpha.empty()) {
    png_set_tRNS(w.png, w.info, p.palette_alpha.data(), static_cast<int>(p.palette_alpha.size()), nullptr);
  } else if (p.key) {
    const auto& k = *p.key;
    const png_color_16 color = {0, k[0], k[1], k[2], k[0]};
    png_set_tRNS(w.png, w.info, nullptr, 0, &color);
  }
}

void write_all(writer& w) {
  const picture& p = *w.from;
  w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning);
  w.info = w.png != nullptr ? png_create_info_struct(w.png) : nullptr;
  if (w.info == nullptr) {
    std::strncpy(w.error, "out of memory", sizeof(w.error) - 1);
    return;
  }
  png_set_write_fn(w.png, &w, on_write, on_flush);
  png_set_compression_level(w.png, p.level);
  png_set_compression_buffer_size(w.png, p.idat_bytes);
  if (p.strategy >= 0) {
    png_set_compression_strategy(w.png, p.strategy);
  }
  if (p.filters >= 0) {
    png_set_filter(w.png, PNG_FILTER_TYPE_BASE, p.filters);
  }
  png_set_check_for_invalid_index(w.png, -1); // files with indices behind the palette are wanted
  png_set_IHDR(w.png, w.info, p.width, p.height, p.bit_depth, p.color_type,
               p.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  write_ancillary(w);
  png_write_info(w.png, w.info);
  const int passes = png_set_interlace_handling(w.png);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t y = 0; y < p.height; ++y) {
      png_write_row(w.png, p.samples.data() + y * p.row_bytes());
    }
  }
  png_write_end(w.png, w.info);
}

void run(writer& w) {
  if (setjmp(w.jump) == 0) {
    write_all(w);
  }
  png_destroy_write_struct(&w.png, &w.info);
}

} // namespace

std::size_t picture::row_bytes() const noexcept {
  const int channels = color_type == 2 ? 3 : color_type == 4 ? 2 : color_type == 6 ? 4 : 1;
  return (std::size_t{width} * static_cast<std::size_t>(channels * bit_depth) + 7) / 8;
}

std::vector<std::uint8_t> encode(const picture& p) {
  if (p.samples.size() != p.row_bytes() * p.height) {
    throw std::invalid_argument("samples: not row_bytes() * height of them");
  }
  std::vector<std::uint8_t> file;
  writer w{&p, &file, nullptr, nullptr, {}, {}};
  run(w);
  if (w.error[0] != '\0') {
    throw std::runtime_error(w.error);
  }
  return file;
}

} // namespace weir::png
