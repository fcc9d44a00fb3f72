// plain_decode.cpp over a libpng that is linked into this shared library: see plugin.h.
#include "../plain_decode.hpp"
#include "plugin.h"

#include <string>

#include <png.h>
#include <zlib.h>

const char* weir_bench_name() {
  static const std::string name = std::string(WEIR_PLUGIN_NAME "|") + png_get_libpng_ver(nullptr) + ", zlib " + zlibVersion();
  return name.c_str();
}

namespace {
thread_local std::vector<std::byte> pixels;
}

void weir_bench_forget() { std::vector<std::byte>().swap(pixels); }

const void* weir_bench_decode(const void* file, size_t size, int channels) {
  const bool good = plain::decode({static_cast<const std::byte*>(file), size}, channels, 8, pixels).error.empty();
  return good ? pixels.data() : nullptr;
}
