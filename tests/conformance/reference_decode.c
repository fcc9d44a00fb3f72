#include "reference_decode.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

struct source {
  const unsigned char* data;
  size_t left;
};

struct session {
  struct source source;
  struct reference_image* image;
  png_structp png;
  png_infop info;
};

static void on_error(png_structp png, png_const_charp message) {
  struct session* s = png_get_error_ptr(png);
  strncpy(s->image->message, message, sizeof s->image->message - 1);
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  struct session* s = png_get_error_ptr(png);
  if (s->image->warning[0] == '\0') {
    strncpy(s->image->warning, message, sizeof s->image->warning - 1);
  }
}

/* libpng takes, and clears, as much memory for some chunks as their length says, gigabytes if that is a lie: it gets no more
 * than weir lets it have (16 MiB, scratch.hpp), and any row needs less. Who lies then fails all the same, in the same words. */
static png_voidp on_malloc(png_structp png, png_alloc_size_t size) {
  (void)png;
  return size <= ((png_alloc_size_t)16 << 20) ? malloc(size) : NULL;
}

static void on_free(png_structp png, png_voidp block) {
  (void)png;
  free(block);
}

static void on_read(png_structp png, png_bytep to, size_t size) {
  struct source* source = png_get_io_ptr(png);
  if (source->left < size) {
    png_error(png, "truncated");
  }
  memcpy(to, source->data, size);
  source->data += size;
  source->left -= size;
}

/* The list of calls that tf.io.decode_png makes after png_read_info. Returns the number of passes. */
static int set_up(struct session* s, int channels, int bits) {
  struct reference_image* image = s->image;
  const int type = png_get_color_type(s->png, s->info);
  const int depth = png_get_bit_depth(s->png, s->info);
  const int has_trns = png_get_valid(s->png, s->info, PNG_INFO_tRNS) != 0;
  const int has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
  const int is_gray = (type & PNG_COLOR_MASK_COLOR) == 0;
  int passes;
  if (channels == 0) {
    channels = type == PNG_COLOR_TYPE_PALETTE ? (has_trns ? 4 : 3) : png_get_channels(s->png, s->info);
  }
  image->channels = channels;
  image->bits = bits;
  if (channels % 2 == 0) {
    if (!has_alpha && has_trns) {
      png_set_tRNS_to_alpha(s->png);
    } else if (!has_alpha) {
      png_set_add_alpha(s->png, (1u << depth) - 1, PNG_FILLER_AFTER);
    }
  } else if (has_alpha || has_trns) {
    png_set_strip_alpha(s->png);
  }
  if (depth > 8 && bits == 8) {
    png_set_strip_16(s->png);
  }
  png_set_packing(s->png);
  passes = png_set_interlace_handling(s->png);
  if (bits == 16) {
    const uint16_t one = 1;
    if (*(const unsigned char*)&one == 1) {
      png_set_swap(s->png);
    }
  }
  if (type == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb(s->png);
  }
  if (is_gray && depth < 8) {
    png_set_expand_gray_1_2_4_to_8(s->png);
  }
  if (channels < 3 && !is_gray) {
    png_set_rgb_to_gray(s->png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
  } else if (channels >= 3 && is_gray) {
    png_set_gray_to_rgb(s->png);
  }
  png_read_update_info(s->png, s->info);
  return passes;
}

static void read_rows(struct session* s, int passes) {
  struct reference_image* image = s->image;
  const size_t stride = (size_t)image->width * (size_t)image->channels * (size_t)(image->bits / 8);
  for (int pass = 0; pass < passes; ++pass) {
    for (uint32_t row = 0; row < image->height; ++row) {
      png_read_row(s->png, image->bytes + row * stride, NULL);
    }
  }
  png_read_end(s->png, s->info);
}

/* In place: each row's samples of one byte lie at the start of its room for two. */
static void widen(struct reference_image* image) {
  const size_t samples = (size_t)image->width * (size_t)image->channels;
  for (uint32_t row = 0; row < image->height; ++row) {
    unsigned char* at = image->bytes + row * samples * 2;
    for (size_t i = samples; i-- > 0;) {
      const unsigned char value = at[i];
      at[2 * i] = value;
      at[2 * i + 1] = value;
    }
  }
}

static void decode(struct session* s, int channels, int bits) {
  struct reference_image* image = s->image;
  int depth;
  int passes;
  png_read_info(s->png, s->info);
  depth = png_get_bit_depth(s->png, s->info);
  image->width = png_get_image_width(s->png, s->info);
  image->height = png_get_image_height(s->png, s->info);
  if ((uint64_t)image->width * image->height >= (uint64_t)1 << 29) {
    png_error(s->png, "too many pixels");
  }
  image->in_header = 0;
  passes = set_up(s, channels, bits);
  /* It gives no alpha where a palette behind the tRNS chunk of an RGB file has cancelled that: half of a row would be what the
   * memory held before. */
  if (png_get_rowbytes(s->png, s->info) != (size_t)image->width * (size_t)image->channels * (depth > 8 && bits == 16 ? 2 : 1)) {
    png_error(s->png, "a row of another size than its header makes it");
  }
  image->size = (size_t)image->width * image->height * (size_t)image->channels * (size_t)(bits / 8);
  image->bytes = malloc(image->size);
  if (image->bytes == NULL) {
    png_error(s->png, "out of memory");
  }
  read_rows(s, passes);
  if (bits == 16 && depth <= 8) {
    widen(image);
  }
  image->ok = 1;
}

static void read_header(struct session* s) {
  png_read_info(s->png, s->info);
  s->image->width = png_get_image_width(s->png, s->info);
  s->image->height = png_get_image_height(s->png, s->info);
  s->image->ok = 1;
}

/* With `channels` below 0 the header alone. */
static void run(const unsigned char* data, size_t size, int channels, int bits, struct reference_image* image) {
  struct session s = {{data, size}, image, NULL, NULL};
  memset(image, 0, sizeof *image);
  image->in_header = 1;
  s.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning, NULL, on_malloc, on_free);
  if (s.png == NULL) {
    return;
  }
  if (setjmp(png_jmpbuf(s.png)) == 0) {
    s.info = png_create_info_struct(s.png);
    png_set_read_fn(s.png, &s.source, on_read);
    if (channels < 0) {
      read_header(&s);
    } else {
      decode(&s, channels, bits);
    }
  }
  png_destroy_read_struct(&s.png, &s.info, NULL);
}

void reference_decode(const unsigned char* data, size_t size, int channels, int bits, struct reference_image* image) {
  run(data, size, channels, bits, image);
}

void reference_header(const unsigned char* data, size_t size, struct reference_image* image) { run(data, size, -1, 0, image); }

void reference_free(struct reference_image* image) {
  free(image->bytes);
  image->bytes = NULL;
}
