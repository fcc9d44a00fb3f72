// The body of x86.cpp's sets: included once for each instruction set, inside a namespace of its own, with WEIR_TARGET as the
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

WEIR_TARGET inline __m128i magnitude(__m128i v) noexcept {
#if WEIR_SSE41
  return _mm_abs_epi16(v);
#else
  return _mm_max_epi16(v, _mm_sub_epi16(_mm_setzero_si128(), v));
#endif
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

template<std::size_t Pixel>
WEIR_TARGET inline void average_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, __m128i& left,
                                     bool last) noexcept {
  const __m128i b = load_pixel<Pixel>(above, last);
  // Rounded up; less one where the sum was odd.
  const __m128i odd = _mm_and_si128(_mm_xor_si128(left, b), _mm_set1_epi8(1));
  left = _mm_add_epi8(_mm_sub_epi8(_mm_avg_epu8(left, b), odd), load_pixel<Pixel>(from, last));
  store_pixel<Pixel>(to, left, last);
}

template<std::size_t Pixel>
WEIR_TARGET void average(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                         bool first) noexcept {
  __m128i left = first ? _mm_setzero_si128() : load_pixel<Pixel>(to - Pixel, true);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    average_step<Pixel>(to + i, from + i, above + i, left, false);
  }
  if (i < bytes) {
    average_step<Pixel>(to + i, from + i, above + i, left, true);
  }
}

// All pixels with a zero byte above each byte. What doesn't depend on the pixel to the left is off the chain from one pixel to
// the next, which is an addition, a magnitude, a minimum, a comparison and a choice long.
WEIR_TARGET inline __m128i paeth_pixels(__m128i x, __m128i left, __m128i b, __m128i corner) noexcept {
  const __m128i b_c = _mm_sub_epi16(b, corner);
  const __m128i to_left = magnitude(b_c);
  const __m128i to_above = magnitude(_mm_sub_epi16(left, corner));
  const __m128i to_corner = magnitude(_mm_add_epi16(left, _mm_sub_epi16(b_c, corner)));
  const __m128i other = choose(_mm_cmpgt_epi16(to_above, to_corner), _mm_add_epi8(corner, x), _mm_add_epi8(b, x));
  return choose(_mm_cmpgt_epi16(to_left, _mm_min_epi16(to_above, to_corner)), other, _mm_add_epi8(left, x));
}

template<std::size_t Pixel>
WEIR_TARGET inline void paeth_step(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, __m128i& left,
                                   __m128i& corner, bool last) noexcept {
  const __m128i zero = _mm_setzero_si128();
  const __m128i b = _mm_unpacklo_epi8(load_pixel<Pixel>(above, last), zero);
  const __m128i x = _mm_unpacklo_epi8(load_pixel<Pixel>(from, last), zero);
  left = paeth_pixels(x, left, b, corner);
  corner = b;
  store_pixel<Pixel>(to, _mm_packus_epi16(left, left), last);
}

template<std::size_t Pixel>
WEIR_TARGET void paeth(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes,
                       bool first) noexcept {
  const __m128i zero = _mm_setzero_si128();
  __m128i left = first ? zero : _mm_unpacklo_epi8(load_pixel<Pixel>(to - Pixel, true), zero);
  __m128i corner = first ? zero : _mm_unpacklo_epi8(load_pixel<Pixel>(above - Pixel, true), zero);
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, false);
  }
  if (i < bytes) {
    paeth_step<Pixel>(to + i, from + i, above + i, left, corner, true);
  }
}

// Pixels of two rows in the halves of a vector: one of the row itself, and the one before it of the row below, which is then
// above and to the left of nothing that isn't there.
template<std::size_t Pixel>
WEIR_TARGET void paeth_two(std::uint8_t* to, std::uint8_t* to_below, const std::uint8_t* from, const std::uint8_t* from_below,
                           const std::uint8_t* above, std::size_t bytes) noexcept {
  static_assert(Pixel <= 4);
  const __m128i zero = _mm_setzero_si128();
  __m128i left = zero;
  __m128i corner = zero;
  const auto step = [&](__m128i b, __m128i x, __m128i x_below) WEIR_TARGET {
    const __m128i both = _mm_unpacklo_epi64(_mm_unpacklo_epi8(b, zero), left);
    left = paeth_pixels(_mm_unpacklo_epi8(_mm_unpacklo_epi32(x, x_below), zero), left, both, corner);
    corner = both;
    return _mm_packus_epi16(left, left);
  };
  const auto below = [](__m128i pixels) WEIR_TARGET { return _mm_srli_epi64(pixels, 32); };
  std::size_t i = 0;
  for (; i + Pixel < bytes; i += Pixel) {
    const bool starts = i == 0;
    const __m128i pixels = step(load_pixel<Pixel>(above + i, false), load_pixel<Pixel>(from + i, false),
                                starts ? zero : load_pixel<Pixel>(from_below + i - Pixel, false));
    store_pixel<Pixel>(to + i, pixels, false);
    if (!starts) {
      store_pixel<Pixel>(to_below + i - Pixel, below(pixels), false);
    }
  }
  const __m128i last = step(load_pixel<Pixel>(above + i, true), load_pixel<Pixel>(from + i, true),
                            i == 0 ? zero : load_pixel<Pixel>(from_below + i - Pixel, false));
  store_pixel<Pixel>(to + i, last, true);
  if (i != 0) {
    store_pixel<Pixel>(to_below + i - Pixel, below(last), false);
  }
  store_pixel<Pixel>(to_below + i, below(step(zero, zero, load_pixel<Pixel>(from_below + i, true))), true);
}
