/* What a decoder in a shared library of its own exports: one that can't be linked into a benchmark because its library has the
 * same names as Debian's. The functions may be called on several threads at a time; what one keeps is its thread's. */
#ifndef WEIR_BENCH_PLUGIN_H
#define WEIR_BENCH_PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name and version, as "NAME|VERSION". */
const char* weir_bench_name(void);

/* Decodes to packed samples of 8 bits, `channels` a pixel. Returns where they stand until the next call; null if it fails. */
const void* weir_bench_decode(const void* file, size_t size, int channels);

/* Gives back the memory that it keeps from one decode to the next. */
void weir_bench_forget(void);

#ifdef __cplusplus
}
#endif

#endif
