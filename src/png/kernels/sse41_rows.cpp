#include "x86.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include <smmintrin.h>

// Paeth in several rows at once. A pixel waits for the one to its left and the one above; so each row goes two pixels behind
// the row above, and a step makes a pixel of each, in a vector in which each row has a lane. Only the step before is waited
// for: the pixels above are those that the one before that has made, a lane further.
//
// Pixels are read and stored in blocks of as many steps as there are rows, and turned around on the way: pieces of rows become
// the vectors of steps, and back.

namespace weir::png::kernels {
namespace {

#define WEIR_TARGET __attribute__((target("ssse3,sse4.1")))
#define WEIR_SSE41 1
#include "x86_unfilter.hpp"

WEIR_TARGET inline __m128i load(const std::uint8_t* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
WEIR_TARGET inline void store(std::uint8_t* to, __m128i v) noexcept { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v); }

// A loop that is unrolled: what it works on stays in registers.
template<class Call, std::size_t... K> WEIR_TARGET inline void each(Call call, std::index_sequence<K...> /*all*/) noexcept {
  (call(std::integral_constant<std::ptrdiff_t, K>()), ...);
}
template<std::size_t N, class Call> WEIR_TARGET inline void each(Call call) noexcept {
  each(call, std::make_index_sequence<N>());
}

template<std::size_t Lane> struct block; // of vectors: rows, or steps

template<> struct block<8> {
  __m128i v[2];
  WEIR_TARGET inline void turn() noexcept {
    const __m128i a = v[0];
    v[0] = _mm_unpacklo_epi64(a, v[1]);
    v[1] = _mm_unpackhi_epi64(a, v[1]);
  }
};

template<> struct block<4> {
  __m128i v[4];
  WEIR_TARGET inline void turn() noexcept {
    const __m128i a = _mm_unpacklo_epi32(v[0], v[1]);
    const __m128i b = _mm_unpacklo_epi32(v[2], v[3]);
    const __m128i c = _mm_unpackhi_epi32(v[0], v[1]);
    const __m128i d = _mm_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm_unpacklo_epi64(a, b);
    v[1] = _mm_unpackhi_epi64(a, b);
    v[2] = _mm_unpacklo_epi64(c, d);
    v[3] = _mm_unpackhi_epi64(c, d);
  }
};

template<> struct block<2> {
  __m128i v[8];
  WEIR_TARGET inline void turn() noexcept {
    const __m128i a = _mm_unpacklo_epi16(v[0], v[1]);
    const __m128i b = _mm_unpacklo_epi16(v[2], v[3]);
    const __m128i c = _mm_unpacklo_epi16(v[4], v[5]);
    const __m128i d = _mm_unpacklo_epi16(v[6], v[7]);
    const __m128i e = _mm_unpackhi_epi16(v[0], v[1]);
    const __m128i f = _mm_unpackhi_epi16(v[2], v[3]);
    const __m128i g = _mm_unpackhi_epi16(v[4], v[5]);
    const __m128i h = _mm_unpackhi_epi16(v[6], v[7]);
    turn_pairs(a, b, c, d, 0);
    turn_pairs(e, f, g, h, 4);
  }

private:
  // Of pairs of rows: four vectors from `to` on.
  WEIR_TARGET inline void turn_pairs(__m128i a, __m128i b, __m128i c, __m128i d, std::size_t to) noexcept {
    const __m128i e = _mm_unpacklo_epi32(a, b);
    const __m128i f = _mm_unpackhi_epi32(a, b);
    const __m128i g = _mm_unpacklo_epi32(c, d);
    const __m128i h = _mm_unpackhi_epi32(c, d);
    v[to] = _mm_unpacklo_epi64(e, g);
    v[to + 1] = _mm_unpackhi_epi64(e, g);
    v[to + 2] = _mm_unpacklo_epi64(f, h);
    v[to + 3] = _mm_unpackhi_epi64(f, h);
  }
};

template<> struct block<1> { // the upper halves are of no meaning
  __m128i v[8];
  WEIR_TARGET inline void turn() noexcept {
    const __m128i a = _mm_unpacklo_epi8(v[0], v[1]);
    const __m128i b = _mm_unpacklo_epi8(v[2], v[3]);
    const __m128i c = _mm_unpacklo_epi8(v[4], v[5]);
    const __m128i d = _mm_unpacklo_epi8(v[6], v[7]);
    const __m128i e = _mm_unpacklo_epi16(a, b);
    const __m128i f = _mm_unpackhi_epi16(a, b);
    const __m128i g = _mm_unpacklo_epi16(c, d);
    const __m128i h = _mm_unpackhi_epi16(c, d);
    v[0] = _mm_unpacklo_epi32(e, g);
    v[1] = _mm_srli_si128(v[0], 8);
    v[2] = _mm_unpackhi_epi32(e, g);
    v[3] = _mm_srli_si128(v[2], 8);
    v[4] = _mm_unpacklo_epi32(f, h);
    v[5] = _mm_srli_si128(v[4], 8);
    v[6] = _mm_unpackhi_epi32(f, h);
    v[7] = _mm_srli_si128(v[6], 8);
  }
};

// Of which 16 bytes are an order that moves bytes up or down, and makes those zero that come from nowhere.
alignas(16) constexpr std::array<std::uint8_t, 48> slide = [] {
  std::array<std::uint8_t, 48> s{};
  for (std::size_t i = 0; i < s.size(); ++i) {
    s.at(i) = static_cast<std::uint8_t>(i >= 16 && i < 32 ? i - 16 : 0x80);
  }
  return s;
}();
WEIR_TARGET inline __m128i moved_up(std::ptrdiff_t n) noexcept { return load(slide.data() + 16 - n); }

template<std::size_t Pixel> class wave {
public:
  WEIR_TARGET static void run(const row* rows, std::size_t count, const std::uint8_t* above, std::size_t bytes) noexcept {
    if (bytes < 16) {
      return paeth_rows<Pixel>(rows, count, above, bytes);
    }
    // The edges read what they write around. Memory whose first use is a read the kernel would map twice, and tell all threads.
    std::for_each(rows, rows + count, [](const row& r) { r.to[0] = 0; });
    std::array<row, most> all; // of which those that there aren't read what the first one reads
    std::fill(std::copy(rows, rows + count, all.begin()), all.end(), rows[0]);
    const auto size = static_cast<std::ptrdiff_t>(bytes);
    const auto there = static_cast<std::ptrdiff_t>(count);
    const std::ptrdiff_t end = size + (there - 1) * lag;
    wave w;
    std::ptrdiff_t i = 0; // the first row's
    for (; i < static_cast<std::ptrdiff_t>(most - 1) * lag; i += block_bytes) {
      w.edge(all.data(), there, above, size, i);
    }
    for (; i + piece <= size; i += block_bytes) {
      w.whole(all.data(), there, above, i);
    }
    for (; i < end; i += block_bytes) {
      w.edge(all.data(), there, above, size, i);
    }
  }

private:
  static constexpr std::size_t lane = Pixel <= 2 ? Pixel : Pixel <= 4 ? 4 : 8;
  static constexpr std::size_t most = rows_together[size_index(Pixel)];
  static constexpr auto piece = static_cast<std::ptrdiff_t>(most * lane); // of a row, in a vector
  static constexpr auto block_bytes = static_cast<std::ptrdiff_t>(most * Pixel);
  static constexpr auto lag = static_cast<std::ptrdiff_t>(2 * Pixel);

  // Pixels to lanes, and back.
  WEIR_TARGET static __m128i apart(__m128i v) noexcept {
    if constexpr (Pixel == 3) {
      return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
    } else if constexpr (Pixel == 6) {
      return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 2, 3, 4, 5, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1));
    }
    return v;
  }
  WEIR_TARGET static __m128i together(__m128i v) noexcept {
    if constexpr (Pixel == 3) {
      return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    } else if constexpr (Pixel == 6) {
      return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    }
    return v;
  }

  WEIR_TARGET static __m128i load_piece(const std::uint8_t* from) noexcept {
    return Pixel == 1 ? _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)) : load(from);
  }
  WEIR_TARGET static void store_piece(std::uint8_t* to, __m128i v) noexcept {
    return Pixel == 1 ? _mm_storel_epi64(reinterpret_cast<__m128i*>(to), v) : store(to, v);
  }

  // `above` is where the first row's pixels are, behind 16 - lane bytes that may be read.
  WEIR_TARGET inline void make(block<lane>& b, const std::uint8_t* above) noexcept {
    b.turn();
    each<most>([&](auto k) WEIR_TARGET {
      const __m128i up = _mm_alignr_epi8(before_, load(above + k * Pixel + lane - 16), 16 - lane);
      before_ = left_;
      left_ = paeth_pixels(b.v[k], left_, up, corner_);
      corner_ = up;
      b.v[k] = left_;
    });
    b.turn();
  }

  // Steps in which all rows have pixels. Behind those that are stored up to four bytes are of no meaning until the next block.
  WEIR_TARGET inline void whole(const row* rows, std::ptrdiff_t count, const std::uint8_t* above, std::ptrdiff_t i) noexcept {
    block<lane> b;
    each<most>([&](auto k) WEIR_TARGET { b.v[k] = apart(load_piece(rows[k].from + i - k * lag)); });
    make(b, above + i);
    each<most>([&](auto k) WEIR_TARGET {
      if (k < count) {
        store_piece(rows[k].to + i - k * lag, together(b.v[k]));
      }
    });
  }

  // Steps of which some are before a row's first pixel, where all is zero, or behind the last, where it is of no meaning.
  WEIR_TARGET void edge(const row* rows, std::ptrdiff_t count, const std::uint8_t* above, std::ptrdiff_t size,
                        std::ptrdiff_t i) noexcept {
    const auto inside = [size](std::ptrdiff_t at) { return std::clamp<std::ptrdiff_t>(at, 0, size - piece); };
    const auto move = [inside](std::ptrdiff_t at) { return std::clamp<std::ptrdiff_t>(at - inside(at), -16, 16); };
    const auto read = [inside, move](const std::uint8_t* row, std::ptrdiff_t at)
                          WEIR_TARGET { return _mm_shuffle_epi8(load_piece(row + inside(at)), moved_up(-move(at))); };
    alignas(16) std::array<std::uint8_t, 32> top{};
    store(top.data() + 16, read(above, i));
    block<lane> b;
    each<most>([&](auto k) WEIR_TARGET { b.v[k] = apart(read(rows[k].from, i - k * lag)); });
    make(b, top.data() + 16);
    each<most>([&](auto k) WEIR_TARGET {
      if (k < count) {
        const std::ptrdiff_t at = i - k * lag;
        std::uint8_t* const to = rows[k].to + inside(at);
        const __m128i order = moved_up(move(at));
        store_piece(to, choose(order, load_piece(to), _mm_shuffle_epi8(together(b.v[k]), order)));
      }
    });
  }

  __m128i left_ = _mm_setzero_si128();
  __m128i before_ = _mm_setzero_si128(); // left_, a step ago
  __m128i corner_ = _mm_setzero_si128();
};

} // namespace

std::array<unfilter_rows, pixel_sizes.size()> sse41_paeth_rows() noexcept {
  return {wave<1>::run, wave<2>::run, wave<3>::run, wave<4>::run, wave<6>::run, wave<8>::run};
}

} // namespace weir::png::kernels

#endif
