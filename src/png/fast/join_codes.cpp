#include "join_codes.hpp"

#include <array>

#include "huffman.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::png {
namespace {

using namespace code;

constexpr std::size_t all = std::size_t{1} << litlen_bits;
constexpr std::uint32_t match = 31U << 24;

// Downwards, so that what is looked up (a smaller index) is still one code.
void join_below(std::uint32_t* table, std::size_t end) noexcept {
  for (std::size_t i = end; i-- > 0;) {
    std::uint32_t entry = table[i];
    if (literals_of(entry) != 1) {
      continue;
    }
    std::uint32_t next = table[i >> bits_of(entry)];
    if (literals_of(next) == 1 && bits_of(entry) + bits_of(next) <= litlen_bits) {
      entry = (entry | (next & 0xFF00U) << 8) + one_literal + bits_of(next);
      next = table[i >> bits_of(entry)];
    }
    if ((next & match) != 0 && (next & special) == 0 && bits_of(entry) + code_bits_of(next) <= litlen_bits) {
      entry = (entry | (next & match)) + bits_of(next);
    }
    table[i] = entry;
  }
}

#if defined(__x86_64__)
#define WEIR_AVX2 __attribute__((target("avx2")))

WEIR_AVX2 inline __m256i constant(std::uint32_t v) noexcept { return _mm256_set1_epi32(static_cast<int>(v)); }
#endif

} // namespace

void join_codes(std::uint32_t* table) noexcept { join_below(table, all); }

std::uint32_t joinable(const std::uint8_t* lengths, std::size_t symbols) noexcept {
  std::array<std::uint32_t, 16> of_length{}; // in parts of the table
  for (std::size_t s = 0; s < symbols; ++s) {
    of_length[lengths[s] & 15U] += static_cast<std::uint32_t>(all >> lengths[s]);
  }
  std::uint32_t joined = 0;
  std::uint32_t up_to = 0;
  for (std::size_t bits = 1; bits < litlen_bits; ++bits) {
    up_to += of_length[bits];
    joined += up_to * of_length[litlen_bits - bits];
  }
  return joined / static_cast<std::uint32_t>(all * all / 1024);
}

#if defined(__x86_64__)

// Eight at a time: what they look up is below them, from the second eight on.
WEIR_AVX2 void join_codes_avx2(std::uint32_t* table) noexcept {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i lowest = constant(0xFF);
  const __m256i longest_index = constant(litlen_bits);
  for (std::size_t i = all - 8; i > 0; i -= 8) {
    auto* const at = reinterpret_cast<__m256i*>(table + i);
    __m256i entries = _mm256_loadu_si256(at);
    const __m256i index = _mm256_add_epi32(constant(static_cast<std::uint32_t>(i)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i literal = _mm256_cmpeq_epi32(_mm256_srli_epi32(entries, 30), constant(1));
    __m256i used = _mm256_and_si256(entries, lowest);
    __m256i next = _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), _mm256_srlv_epi32(index, used), 4);
    // Two literals.
    __m256i next_used = _mm256_and_si256(next, lowest);
    const __m256i fits = _mm256_cmpgt_epi32(_mm256_add_epi32(used, next_used), longest_index);
    const __m256i second =
        _mm256_andnot_si256(fits, _mm256_and_si256(literal, _mm256_cmpeq_epi32(_mm256_srli_epi32(next, 30), constant(1))));
    const __m256i added = _mm256_add_epi32(_mm256_slli_epi32(_mm256_and_si256(next, constant(0xFF00)), 8),
                                           _mm256_add_epi32(constant(one_literal), next_used));
    entries = _mm256_add_epi32(entries, _mm256_and_si256(second, added));
    used = _mm256_and_si256(entries, lowest);
    next = _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), _mm256_srlv_epi32(index, used), 4);
    // And a match.
    next_used = _mm256_and_si256(next, lowest);
    const __m256i code = _mm256_and_si256(_mm256_srli_epi32(next, 8), constant(15));
    const __m256i too_long = _mm256_cmpgt_epi32(_mm256_add_epi32(used, code), longest_index);
    const __m256i kind = _mm256_and_si256(next, constant(match | special | 3 * one_literal));
    const __m256i is_match = _mm256_and_si256(_mm256_cmpgt_epi32(kind, zero), _mm256_cmpgt_epi32(constant(special), kind));
    const __m256i third = _mm256_andnot_si256(too_long, _mm256_and_si256(literal, is_match));
    const __m256i match_added = _mm256_add_epi32(_mm256_and_si256(next, constant(match)), next_used);
    _mm256_storeu_si256(at, _mm256_add_epi32(entries, _mm256_and_si256(third, match_added)));
  }
  join_below(table, 8);
}

#else

void join_codes_avx2(std::uint32_t* table) noexcept { join_codes(table); }

#endif

} // namespace weir::png
