#include "x86.hpp"

#if defined(__x86_64__)

#include <cstring>

#include <smmintrin.h>

namespace weir::png::kernels {
namespace {

#define WEIR_TARGET __attribute__((target("ssse3,sse4.1")))
#define WEIR_SSE41 1
#include "x86_unfilter.hpp"

WEIR_TARGET inline __m128i load(const std::uint8_t* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
WEIR_TARGET inline void store(std::uint8_t* to, __m128i v) noexcept { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v); }

WEIR_TARGET void gray_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  const __m128i first = _mm_setr_epi8(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5);
  const __m128i second = _mm_setr_epi8(5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10);
  const __m128i third = _mm_setr_epi8(10, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15);
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    const __m128i v = load(from + i);
    store(to + 3 * i, _mm_shuffle_epi8(v, first));
    store(to + 3 * i + 16, _mm_shuffle_epi8(v, second));
    store(to + 3 * i + 32, _mm_shuffle_epi8(v, third));
  }
  scalar().gray_to_rgb(to + 3 * i, from + i, pixels - i);
}

// Four pixels a step, read with four bytes that are the next ones', which are there: the last step is left to scalar.
WEIR_TARGET void rgb_to_gray(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  const __m128i red_green = _mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
  const __m128i blue = _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  const __m128i red_green_weights = _mm_setr_epi16(9797, 19234, 9797, 19234, 9797, 19234, 9797, 19234);
  const __m128i blue_weights = _mm_setr_epi16(3737, 0, 3737, 0, 3737, 0, 3737, 0);
  std::size_t i = 0;
  for (; i + 6 <= pixels; i += 4) {
    const __m128i v = load(from + 3 * i);
    const __m128i sum = _mm_add_epi32(_mm_madd_epi16(_mm_shuffle_epi8(v, red_green), red_green_weights),
                                      _mm_madd_epi16(_mm_shuffle_epi8(v, blue), blue_weights));
    const __m128i words = _mm_packus_epi32(_mm_srli_epi32(sum, 15), _mm_setzero_si128());
    const int four = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(to + i, &four, 4);
  }
  scalar().rgb_to_gray(to + i, from + 3 * i, pixels - i);
}

// Four pixels a step, stored with four bytes that the next step overwrites: the last one is left to scalar.
WEIR_TARGET void rgba_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  const __m128i order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  std::size_t i = 0;
  for (; i + 6 <= pixels; i += 4) {
    store(to + 3 * i, _mm_shuffle_epi8(load(from + 4 * i), order));
  }
  scalar().rgba_to_rgb(to + 3 * i, from + 4 * i, pixels - i);
}

WEIR_TARGET void rgb_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  const __m128i order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m128i alphas = _mm_set1_epi32(static_cast<int>(std::uint32_t{alpha} << 24));
  std::size_t i = 0;
  for (; i + 6 <= pixels; i += 4) {
    store(to + 4 * i, _mm_or_si128(_mm_shuffle_epi8(load(from + 3 * i), order), alphas));
  }
  scalar().rgb_to_rgba(to + 4 * i, from + 3 * i, pixels - i, alpha);
}

WEIR_TARGET void gray_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  const __m128i first = _mm_setr_epi8(0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, 3, -1);
  const __m128i alphas = _mm_set1_epi32(static_cast<int>(std::uint32_t{alpha} << 24));
  std::size_t i = 0;
  for (; i + 16 <= pixels; i += 16) {
    __m128i v = load(from + i);
    for (std::size_t k = 0; k < 64; k += 16) {
      store(to + 4 * i + k, _mm_or_si128(_mm_shuffle_epi8(v, first), alphas));
      v = _mm_srli_si128(v, 4);
    }
  }
  scalar().gray_to_rgba(to + 4 * i, from + i, pixels - i, alpha);
}

set make() noexcept {
  set s = sse2();
  s.name = "sse4.1";
  s.sub = {s.sub[0], s.sub[1], sub<3>, sub<4>, sub<6>, sub<8>};
  s.average = {average<1>, average<2>, average<3>, average<4>, average<6>, average<8>};
  s.paeth = {paeth<1>, paeth<2>, paeth<3>, paeth<4>, paeth<6>, paeth<8>};
  s.paeth_rows = sse41_paeth_rows();
  s.gray_to_rgb = gray_to_rgb;
  s.rgb_to_gray = rgb_to_gray;
  s.rgba_to_rgb = rgba_to_rgb;
  s.rgb_to_rgba = rgb_to_rgba;
  s.gray_to_rgba = gray_to_rgba;
  return s;
}

} // namespace

const set& sse41() noexcept {
  static const set s = make();
  return s;
}

} // namespace weir::png::kernels

#endif
