/* Prints what `stream_decode --list` shall print, decoded by libpng alone:
 *
 *   reference_list [--channels N] [--bits N] < PATHS
 *
 * Paths on stdin, each ended by a zero byte, taken as they are. The message of an error is not meant to be compared; its stage
 * is a guess. */
#define _POSIX_C_SOURCE 200809L

#include "reference_decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void print_path(const char* path) {
  for (; *path != '\0'; ++path) {
    switch (*path) {
    case '\t': fputs("\\t", stdout); break;
    case '\n': fputs("\\n", stdout); break;
    case '\\': fputs("\\\\", stdout); break;
    default: putchar((unsigned char)*path);
    }
  }
}

/* The file's bytes, malloc'd; NULL where it failed, and then `stage` says in what. */
static unsigned char* read_file(const char* path, size_t* size, const char** stage) {
  size_t capacity = 1 << 16;
  unsigned char* bytes;
  FILE* file = fopen(path, "rb");
  *stage = "open";
  if (file == NULL) {
    return NULL;
  }
  *stage = "read";
  *size = 0;
  bytes = malloc(capacity);
  while (bytes != NULL) {
    *size += fread(bytes + *size, 1, capacity - *size, file);
    if (*size < capacity) {
      break;
    }
    capacity *= 2;
    bytes = realloc(bytes, capacity);
  }
  if (bytes != NULL && ferror(file)) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

/* On a big-endian machine 16-bit samples would have to be turned round first. */
static unsigned long checksum(const struct reference_image* image) {
  unsigned long crc = crc32(0, NULL, 0);
  for (size_t done = 0; done < image->size;) {
    const size_t left = image->size - done;
    const size_t step = left < (1u << 30) ? left : (1u << 30);
    crc = crc32(crc, image->bytes + done, (uInt)step);
    done += step;
  }
  return crc;
}

static void list(unsigned long index, const char* path, int channels, int bits) {
  size_t size = 0;
  const char* stage = NULL;
  unsigned char* bytes = read_file(path, &size, &stage);
  struct reference_image image;
  printf("%lu\t", index);
  print_path(path);
  if (bytes == NULL) {
    printf("\terror\t%s\t%s\n", stage, strerror(errno));
    return;
  }
  reference_decode(bytes, size, channels, bits, &image);
  if (image.ok) {
    printf("\t%u\t%u\t%d\t%d\t%08lx\n", (unsigned)image.width, (unsigned)image.height, image.channels, image.bits,
           checksum(&image));
  } else {
    printf("\terror\t%s\t%s\n", image.in_header ? "header" : "decode", image.message);
  }
  reference_free(&image);
  free(bytes);
}

int main(int argc, char** argv) {
  int channels = 3;
  int bits = 8;
  char* line = NULL;
  size_t room = 0;
  ssize_t length;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--channels") == 0) {
      channels = atoi(argv[i + 1]);
    } else if (strcmp(argv[i], "--bits") == 0) {
      bits = atoi(argv[i + 1]);
    } else {
      fprintf(stderr, "usage: reference_list [--channels N] [--bits N] < PATHS\n");
      return 2;
    }
  }
  for (unsigned long index = 0; (length = getdelim(&line, &room, '\0', stdin)) > 0; ++index) {
    list(index, line, channels, bits);
  }
  free(line);
  return 0;
}
