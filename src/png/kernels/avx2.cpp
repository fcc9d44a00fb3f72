#include "x86.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <immintrin.h>

namespace weir::png::kernels {
namespace {

#define WEIR_TARGET __attribute__((target("avx2")))
#define WEIR_SSE41 1
#include "x86_unfilter.hpp" // three operands an instruction

WEIR_TARGET inline __m256i load(const std::uint8_t* from) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
WEIR_TARGET inline void store(std::uint8_t* to, __m256i v) noexcept { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }

WEIR_TARGET void up(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                    bool first) noexcept {
  std::size_t i = 0;
  for (; i + 32 <= bytes; i += 32) {
    store(to + i, _mm256_add_epi8(load(above + i), load(from + i)));
  }
  sse2().up(to + i, from + i, above + i, bytes - i, first);
}

WEIR_TARGET void high_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  const __m256i mask = _mm256_set1_epi16(0xFF);
  std::size_t i = 0;
  for (; i + 32 <= samples; i += 32) {
    const __m256i a = _mm256_and_si256(load(from + 2 * i), mask);
    const __m256i b = _mm256_and_si256(load(from + 2 * i + 32), mask);
    store(to + i, _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8));
  }
  sse2().high_bytes(to + i, from + 2 * i, samples - i);
}

WEIR_TARGET void swap(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= samples; i += 16) {
    const __m256i v = load(from + 2 * i);
    store(to + 2 * i, _mm256_or_si256(_mm256_slli_epi16(v, 8), _mm256_srli_epi16(v, 8)));
  }
  sse2().swap(to + 2 * i, from + 2 * i, samples - i);
}

set make() noexcept {
  set s = sse41();
  s.name = "avx2";
  s.avx2_bmi2 = true;
  s.sub = {s.sub[0], s.sub[1], sub<3>, sub<4>, sub<6>, sub<8>};
  s.up = up;
  s.average = {average<1>, average<2>, average<3>, average<4>, average<6>, average<8>};
  // Paeth's stay: with three operands, many processors take two or three steps for the choice by a mask that is one with two.
  s.high_bytes = high_bytes;
  s.swap = swap;
  return s;
}

} // namespace

const set& avx2() noexcept {
  static const set s = make();
  return s;
}

} // namespace weir::png::kernels

#endif
