#include "plain_decode.hpp"

#include <bit>
#include <csetjmp>
#include <cstring>
#include <png.h>

namespace plain {

namespace {

/// Everything that libpng's callbacks and the code behind setjmp need: trivial, as a longjmp asks.
struct state {
  const std::byte* next;
  std::size_t left;
  char message[256];
  std::uint32_t width, height;
  unsigned channels;
  bool header_read;
  bool widen; ///< 8-bit rows to be made 16 bits
  int passes;
};

void on_error(png_structp png, png_const_charp message) {
  auto* s = static_cast<state*>(png_get_error_ptr(png));
  std::strncpy(s->message, message, sizeof s->message - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep into, std::size_t count) {
  auto* s = static_cast<state*>(png_get_io_ptr(png));
  if (count > s->left)
    png_error(png, "the file ends too early");
  std::memcpy(into, s->next, count);
  s->next += count;
  s->left -= count;
}

unsigned own_channels(png_structp png, png_infop info) {
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE)
    return png_get_valid(png, info, PNG_INFO_tRNS) != 0 ? 4 : 3;
  return png_get_channels(png, info);
}

void set_transforms(png_structp png, png_infop info, unsigned channels, int bits) {
  const int depth = png_get_bit_depth(png, info);
  const int color = png_get_color_type(png, info);
  const bool transparency = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  const bool alpha = (color & PNG_COLOR_MASK_ALPHA) != 0;
  const bool gray = (color & PNG_COLOR_MASK_COLOR) == 0;
  if (channels % 2 == 0) {
    if (!alpha && transparency)
      png_set_tRNS_to_alpha(png);
    else if (!alpha)
      png_set_add_alpha(png, (1U << static_cast<unsigned>(depth)) - 1, PNG_FILLER_AFTER);
  } else if (alpha || transparency) {
    png_set_strip_alpha(png);
  }
  if (depth > 8 && bits == 8)
    png_set_strip_16(png);
  png_set_packing(png);
  if (bits == 16 && std::endian::native == std::endian::little)
    png_set_swap(png);
  if (color == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(png);
  if (gray && depth < 8)
    png_set_expand_gray_1_2_4_to_8(png);
  if (channels < 3 && !gray)
    png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  else if (channels >= 3 && gray)
    png_set_gray_to_rgb(png);
}

/// Reads the header and prepares the rows. False after an error.
bool read_header(png_structp png, png_infop info, state* s, int channels, int bits) {
  if (setjmp(png_jmpbuf(png)) != 0)
    return false;
  png_read_info(png, info);
  s->width = png_get_image_width(png, info);
  s->height = png_get_image_height(png, info);
  if (std::uint64_t{s->width} * s->height >= std::uint64_t{1} << 29U)
    png_error(png, "too many pixels");
  s->channels = channels == 0 ? own_channels(png, info) : static_cast<unsigned>(channels);
  s->widen = bits == 16 && png_get_bit_depth(png, info) <= 8;
  s->header_read = true;
  set_transforms(png, info, s->channels, bits);
  s->passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

/// False after an error.
bool read_rows(png_structp png, const state* s, std::byte* pixels, std::size_t row_bytes) {
  if (setjmp(png_jmpbuf(png)) != 0)
    return false;
  for (int pass = 0; pass < s->passes; ++pass)
    for (std::uint32_t y = 0; y < s->height; ++y)
      png_read_row(png, reinterpret_cast<png_bytep>(pixels + y * row_bytes), nullptr);
  png_read_end(png, nullptr);
  return true;
}

/// Rows of 8-bit samples, each at the start of a row of 16-bit ones, become those: a sample times 257.
void widen_rows(std::byte* pixels, std::size_t row_bytes, std::uint32_t height) {
  for (std::uint32_t y = 0; y < height; ++y) {
    std::byte* row = pixels + y * row_bytes;
    for (std::size_t i = row_bytes / 2; i-- > 0;)
      row[2 * i] = row[2 * i + 1] = row[i];
  }
}

} // namespace

image decode(std::span<const std::byte> file, int channels, int bits, std::vector<std::byte>& pixels) {
  state s{};
  s.next = file.data();
  s.left = file.size();
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  bool good = false;
  if (info != nullptr) {
    png_set_read_fn(png, &s, on_read);
    good = read_header(png, info, &s, channels, bits);
    if (good) {
      const std::size_t row_bytes = std::size_t{s.width} * s.channels * (static_cast<unsigned>(bits) / 8);
      if (pixels.size() < row_bytes * s.height)
        pixels.resize(row_bytes * s.height);
      good = read_rows(png, &s, pixels.data(), row_bytes);
      if (good && s.widen)
        widen_rows(pixels.data(), row_bytes, s.height);
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  image result{s.width, s.height, s.channels, {}, s.header_read};
  if (!good)
    result.error = s.message[0] != '\0' ? s.message : "libpng could not be set up";
  return result;
}

} // namespace plain
