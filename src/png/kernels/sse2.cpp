#include "x86.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <emmintrin.h>

namespace weir::png::kernels {
namespace {

#define WEIR_TARGET
#define WEIR_SSE41 0
#include "x86_unfilter.hpp"

void up(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(above + i));
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_add_epi8(a, x));
  }
  scalar().up(to + i, from + i, above + i, bytes - i, first);
}

void high_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  const __m128i mask = _mm_set1_epi16(0xFF);
  std::size_t i = 0;
  for (; i + 16 <= samples; i += 16) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i + 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_packus_epi16(_mm_and_si128(a, mask), _mm_and_si128(b, mask)));
  }
  scalar().high_bytes(to + i, from + 2 * i, samples - i);
}

void swap(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= samples; i += 8) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i), _mm_or_si128(_mm_slli_epi16(v, 8), _mm_srli_epi16(v, 8)));
  }
  scalar().swap(to + 2 * i, from + 2 * i, samples - i);
}

void widen(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= samples; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i), _mm_unpacklo_epi8(v, v));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i + 16), _mm_unpackhi_epi8(v, v));
  }
  scalar().widen(to + 2 * i, from + i, samples - i);
}

set make() noexcept {
  set s = scalar();
  s.name = "sse2";
  s.sub = {s.sub[0], s.sub[1], sub<3>, sub<4>, sub<6>, sub<8>};
  s.up = up;
  s.average = {average<1>, average<2>, average<3>, average<4>, average<6>, average<8>};
  s.paeth = {paeth<1>, paeth<2>, paeth<3>, paeth<4>, paeth<6>, paeth<8>};
  s.paeth_rows = {paeth_rows<1>, paeth_rows<2>, paeth_rows<3>, paeth_rows<4>, paeth_rows<6>, paeth_rows<8>};
  s.high_bytes = high_bytes;
  s.swap = swap;
  s.widen = widen;
  return s;
}

} // namespace

const set& sse2() noexcept {
  static const set s = make();
  return s;
}

} // namespace weir::png::kernels

#endif
