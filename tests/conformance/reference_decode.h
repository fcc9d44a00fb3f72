/* An independent decode with libpng: no code of weir in it. Used by reference_list and by the unit tests of the png room. */
#ifndef REFERENCE_DECODE_H
#define REFERENCE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct reference_image {
  int ok;               /* 0: see message, nothing else is meant */
  int in_header;        /* with !ok: it failed before the size was known, or by a limit on the size */
  uint32_t width;       /* columns */
  uint32_t height;      /* rows */
  int channels;         /* 1 to 4 */
  int bits;             /* 8 or 16 */
  unsigned char* bytes; /* rows packed, HWC, samples of 16 bits in native byte order; malloc'd */
  size_t size;          /* of bytes */
  char message[256];    /* of the error */
  char warning[256];    /* the first one, or empty */
};

/* Decodes `size` bytes at `data` as tf.io.decode_png does. To be given to reference_free in every case. */
void reference_decode(const unsigned char* data, size_t size, int channels, int bits, struct reference_image* image);
/* Reads what stands before the pixels: ok, width, height and message are meant. Nothing is to be freed. */
void reference_header(const unsigned char* data, size_t size, struct reference_image* image);
void reference_free(struct reference_image* image);

#ifdef __cplusplus
}
#endif

#endif
