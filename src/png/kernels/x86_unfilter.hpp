// The body of the x86 sets: included by each file that has such kernels, inside a namespace of its own, with WEIR_TARGET as the
// attribute of its functions and WEIR_SSE41 as whether SSSE3 and SSE4.1 may be used. Has no include guard for that reason.

// A pixel in the low bytes. `last`: nothing behind it may be touched; else as much as a word may be.
template<std::size_t Pixel> WEIR_TARGET inline __m128i load_pixel(const std::uint8_t* from, bool last) noexcept {
  std::uint64_t v = 0;
  if constexpr (Pixel == 1 || Pixel == 2) {
    std::memcpy(&v, from, Pixel);
  } else if constexpr (Pixel <= 4) {
    if (Pixel == 4 || !last) {
      std::memcpy(&v, from, 4);
    } else {
      std::memcpy(&v, from, Pixel);
    }
  } else if (Pixel == 8 || !last) {
    std::memcpy(&v, from, 8);
  } else {
    std::memcpy(&v, from, Pixel);
  }
  return Pixel <= 4 ? _mm_cvtsi32_si128(static_cast<int>(v)) : _mm_cvtsi64_si128(static_cast<long long>(v));
}

template<std::size_t Pixel> WEIR_TARGET inline void store_pixel(std::uint8_t* to, __m128i pixel, bool last) noexcept {
  if constexpr (Pixel <= 4) {
    const int v = _mm_cvtsi128_si32(pixel);
    if (Pixel == 3 && !last) {
      std::memcpy(to, &v, 4);
    } else {
      std::memcpy(to, &v, Pixel);
    }
  } else {
    const long long v = _mm_cvtsi128_si64(pixel);
    if (Pixel == 6 && !last) {
      std::memcpy(to, &v, 8);
    } else {
      std::memcpy(to, &v, Pixel);
    }
  }
}

// b where the mask is set, else a.
WEIR_TARGET inline __m128i choose(__m128i mask, __m128i b, __m128i a) noexcept {
#if WEIR_SSE41
  return _mm_blendv_epi8(a, b, mask);
#else
  return _mm_xor_si128(a, _mm_and_si128(_mm_xor_si128(a, b), mask));
#endif
}

template<std::size_t Pixel>
WEIR_TARGET void sub(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* /*above*/, std::size_t bytes,
                     bool first) noexcept {
  __m128i left = first ? _mm_setzero_si128() : load_pixel<Pixel>(to - Pixel, true);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    left = _mm_add_epi8(left, load_pixel<Pixel>(from + i, false));
    store_pixel<Pixel>(to + i, left, false);
  }
  if (i < bytes) {
    store_pixel<Pixel>(to + i, _mm_add_epi8(left, load_pixel<Pixel>(from + i, true)), true);
  }
}

// In complements: there, rounding up, as the instruction does, is rounding down. Nothing else is between a pixel and the next.
template<std::size_t Pixel>
WEIR_TARGET inline void average_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, __m128i& not_left,
                                     bool last) noexcept {
  const __m128i ones = _mm_set1_epi8(-1);
  const __m128i not_b = _mm_xor_si128(load_pixel<Pixel>(above, last), ones);
  not_left = _mm_sub_epi8(_mm_avg_epu8(not_left, not_b), load_pixel<Pixel>(from, last));
  store_pixel<Pixel>(to, _mm_xor_si128(not_left, ones), last);
}

template<std::size_t Pixel>
WEIR_TARGET void average(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                         bool first) noexcept {
  const __m128i left = first ? _mm_setzero_si128() : load_pixel<Pixel>(to - Pixel, true);
  __m128i not_left = _mm_xor_si128(left, _mm_set1_epi8(-1));
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    average_step<Pixel>(to + i, from + i, above + i, not_left, false);
  }
  if (i < bytes) {
    average_step<Pixel>(to + i, from + i, above + i, not_left, true);
  }
}

// Paeth's predictor, in bytes. Where the corner lies between the other two, it is as far (`down`) above the lower one as the
// prediction is from the higher one, and as far (`up`) below the higher one as the prediction is from the lower one; from the
// prediction to the corner it is the difference of the two. So the lower one is the nearest where up is at most half of down,
// and the higher one where down is at most half of up. Where the corner lies outside, one of the two is zero, which says the
// same.
WEIR_TARGET inline __m128i paeth_pixels(__m128i x, __m128i left, __m128i b, __m128i corner) noexcept {
  const __m128i zero = _mm_setzero_si128();
  const __m128i low = _mm_min_epu8(left, b);
  const __m128i high = _mm_max_epu8(left, b);
  const __m128i down = _mm_subs_epu8(corner, low);
  const __m128i up = _mm_subs_epu8(high, corner);
  const __m128i is_low = _mm_cmpeq_epi8(_mm_subs_epu8(_mm_adds_epu8(up, up), down), zero);
  const __m128i is_high = _mm_cmpeq_epi8(_mm_subs_epu8(_mm_adds_epu8(down, down), up), zero);
  const __m128i other = choose(is_high, _mm_add_epi8(high, x), _mm_add_epi8(corner, x));
  return choose(is_low, _mm_add_epi8(low, x), other);
}

template<std::size_t Pixel>
WEIR_TARGET inline void paeth_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, __m128i& left,
                                   __m128i& corner, bool last) noexcept {
  const __m128i b = load_pixel<Pixel>(above, last);
  left = paeth_pixels(load_pixel<Pixel>(from, last), left, b, corner);
  corner = b;
  store_pixel<Pixel>(to, left, last);
}

template<std::size_t Pixel>
WEIR_TARGET void paeth(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                       bool first) noexcept {
  __m128i left = first ? _mm_setzero_si128() : load_pixel<Pixel>(to - Pixel, true);
  __m128i corner = first ? _mm_setzero_si128() : load_pixel<Pixel>(above - Pixel, true);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, false);
  }
  if (i < bytes) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, true);
  }
}

template<std::size_t Pixel>
void paeth_rows(const row* rows, std::size_t count, const std::uint8_t* above, std::size_t bytes) noexcept {
  for (const row* r = rows; r != rows + count; above = r++->to) {
    paeth<Pixel>(r->to, r->from, above, bytes, true);
  }
}
