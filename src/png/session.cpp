// libpng's setjmp lives here and nowhere else. No object with a destructor in this file.
#include "session.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include <png.h>

namespace weir::png {
namespace {

static_assert(std::is_trivially_destructible_v<session>);

// The most that may pass between two looks at the stop flag, in the input and in what is inflated.
constexpr std::size_t between_looks = 64 * 1024;

session& of(png_structp png) noexcept { return *static_cast<session*>(png_get_error_ptr(png)); }

void copy_text(char (&to)[200], const char* from) noexcept {
  const std::size_t n = std::min(std::strlen(from), sizeof(to) - 1);
  std::memcpy(to, from, n);
  to[n] = '\0';
}

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  session& s = of(png);
  copy_text(s.error, message);
  s.how = ending::failed;
  std::longjmp(s.jump, 1);
}

void on_warning(png_structp png, png_const_charp message) {
  session& s = of(png);
  if (s.warning[0] == '\0') {
    copy_text(s.warning, message);
  }
}

void leave_if_stopped(session& s) noexcept {
  if (s.stop.requested()) {
    s.how = ending::stopped;
    std::longjmp(s.jump, 1);
  }
}

// libpng has all pixels: what it reads now stands behind them.
bool rows_done(const session& s) noexcept {
  return s.divided && (s.expected.interlaced ? png_get_current_pass_number(s.png) >= 7
                                             : png_get_current_row_number(s.png) >= s.expected.height);
}

void divide_next_read(session& s) noexcept {
  if (s.divided) {
    png_set_compression_buffer_size(s.png, s.feed.next_piece());
  }
}

void on_read(png_structp png, png_bytep to, size_t size) {
  auto& s = *static_cast<session*>(png_get_io_ptr(png));
  while (size > 0) {
    leave_if_stopped(s);
    const size_t step = std::min(size, between_looks);
    if (s.input.take(to, step) < step) {
      png_error(png, "truncated: more bytes needed than the input has");
    }
    s.feed.took(to, step, rows_done(s));
    to += step;
    size -= step;
  }
  divide_next_read(s);
}

png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
  return static_cast<scratch*>(png_get_mem_ptr(png))->allocate(size);
}

void on_free(png_structp png, png_voidp block) { static_cast<scratch*>(png_get_mem_ptr(png))->release(block); }

// DECODE.md's steps 2 to 8, from the shape to png_read_update_info. Returns the number of passes; `channels` is then what it
// is.
int set_up(session& s, int depth, int type, int& channels) {
  const bool has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
  const bool is_gray = (type & PNG_COLOR_MASK_COLOR) == 0;
  if (channels == 0) {
    channels = type == PNG_COLOR_TYPE_PALETTE ? (s.transparent ? 4 : 3) : png_get_channels(s.png, s.info);
  }
  if (channels % 2 == 0) {
    if (!has_alpha && s.transparent) {
      png_set_tRNS_to_alpha(s.png);
    } else if (!has_alpha) {
      png_set_add_alpha(s.png, (1U << depth) - 1, PNG_FILLER_AFTER);
    }
  } else if (has_alpha || s.transparent) {
    png_set_strip_alpha(s.png);
  }
  if (depth == 16 && s.bits == 8) {
    png_set_strip_16(s.png);
  }
  png_set_packing(s.png);
  const int passes = png_set_interlace_handling(s.png);
  if (s.bits == 16 && std::endian::native == std::endian::little) {
    png_set_swap(s.png);
  }
  if (type == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb(s.png);
  }
  if (is_gray && depth < 8) {
    png_set_expand_gray_1_2_4_to_8(s.png);
  }
  if (channels < 3 && !is_gray) {
    png_set_rgb_to_gray(s.png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  } else if (channels >= 3 && is_gray) {
    png_set_gray_to_rgb(s.png);
  }
  png_read_update_info(s.png, s.info);
  return passes;
}

// Every row of every pass, straight into the destination. A pass writes its own pixels only; the last one finishes each row.
void read_rows(session& s, int passes, std::uint32_t height, std::size_t stride, std::size_t samples_to_widen) {
  for (int pass = 0; pass < passes; ++pass) {
    const bool last = pass + 1 == passes;
    std::byte* row = s.destination.data;
    for (std::uint32_t y = 0; y < height; ++y, row += stride) {
      leave_if_stopped(s);
      png_read_row(s.png, reinterpret_cast<png_bytep>(row), nullptr);
      if (last && samples_to_widen > 0) {
        widen_row(row, samples_to_widen);
      }
    }
  }
}

void decode(session& s) {
  const png_uint_32 width = png_get_image_width(s.png, s.info);
  const png_uint_32 height = png_get_image_height(s.png, s.info);
  const int depth = png_get_bit_depth(s.png, s.info);
  const int type = png_get_color_type(s.png, s.info);
  if (width != s.expected.width || height != s.expected.height || depth != s.expected.bit_depth ||
      type != s.expected.color_type) {
    png_error(s.png, "the header is not the one that was read before");
  }
  const std::size_t raw_row_bytes = png_get_rowbytes(s.png, s.info);
  int channels = s.channels;
  const int passes = set_up(s, depth, type, channels);
  const std::size_t samples = std::size_t{width} * static_cast<std::size_t>(channels);
  const bool widen = s.bits == 16 && depth <= 8;
  const std::size_t written = samples * (s.bits == 16 && !widen ? 2 : 1); // by libpng, a row
  const std::size_t row_bytes = samples * (s.bits == 16 ? 2 : 1);
  const std::size_t stride = s.destination.stride != 0 ? s.destination.stride : row_bytes;
  if (png_get_rowbytes(s.png, s.info) != written) {
    png_error(s.png, "a row of another size than its header makes it");
  }
  if (stride < row_bytes || s.destination.size < row_bytes || (s.destination.size - row_bytes) / stride < height - 1) {
    png_error(s.png, "the destination is too small");
  }
  s.divided = raw_row_bytes > between_looks;
  divide_next_read(s);
  read_rows(s, passes, height, stride, widen ? samples : 0);
  s.memory->limit_heap(true);
  png_read_end(s.png, s.info);
}

void read(session& s) {
  s.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning, s.memory, on_malloc, on_free);
  s.info = s.png != nullptr ? png_create_info_struct(s.png) : nullptr;
  if (s.info == nullptr) {
    copy_text(s.error, s.warning[0] != '\0' ? s.warning : "out of memory");
    return;
  }
  png_set_read_fn(s.png, &s, on_read);
  png_read_info(s.png, s.info);
  s.transparent = png_get_valid(s.png, s.info, PNG_INFO_tRNS) != 0;
  if (!s.only_info) {
    s.memory->limit_heap(false); // from here on it allocates what the pixels need
    decode(s);
  }
  s.how = ending::ok;
}

} // namespace

void run(session& s) noexcept {
  s.memory->limit_heap(true);
  if (setjmp(s.jump) == 0) {
    read(s);
  }
  png_destroy_read_struct(&s.png, &s.info, nullptr);
}

void widen_row(std::byte* row, std::size_t samples) noexcept {
  // From the end, so that nothing is overwritten before it is read; in blocks, so that the compiler sees two buffers.
  constexpr std::size_t block = 16;
  std::size_t left = samples;
  while (left >= block) {
    left -= block;
    std::array<std::byte, block> narrow;
    std::array<std::byte, 2 * block> wide;
    std::memcpy(narrow.data(), row + left, block);
    for (std::size_t i = 0; i < block; ++i) {
      wide[2 * i] = narrow[i];
      wide[2 * i + 1] = narrow[i];
    }
    std::memcpy(row + 2 * left, wide.data(), 2 * block);
  }
  while (left-- > 0) {
    const std::byte value = row[left];
    row[2 * left] = value;
    row[2 * left + 1] = value;
  }
}

} // namespace weir::png
