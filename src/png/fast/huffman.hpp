#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::png {

/// Tables from which deflate's codes are decoded: the next bits of the input, as many as the table is wide, are an index.
///
/// An entry is a `std::uint32_t`, whose lowest byte says how many bits to consume. In the table of literals and lengths, where
/// `special` is not set, bits 30 and 31 say how many literals it stands for: they are in bits 8 to 23, first one lowest. Bits
/// 24 to 28, if they are not zero, say that a match follows: they are an index into `length_spans`, and the last of the
/// consumed bits are the extra ones of the length; bits 8 to 11 are the length of its code, if there are no literals.
/// Otherwise, and in the other tables, bits 12 and 13 say what it is:
///   a number: from bit 14; the consumed bits are the code (as many as bits 8 to 11 say) and extra bits above, to be added;
///   a link to the subtable that starts at this number, whose index has as many bits as 8 to 11 say; the consumed bits are the
///   table's width;
///   the end of the block; or a code that doesn't exist.
namespace code {
enum kind : std::uint32_t { number = 0U << 12, link = 1U << 12, end = 2U << 12, invalid = 3U << 12 };
inline constexpr std::uint32_t special = 1U << 29; ///< in the table of literals and lengths: not literals, nor a match

inline constexpr unsigned longest = 15;     ///< bits
inline constexpr unsigned litlen_bits = 11; ///< the width of the table of literals and lengths
inline constexpr unsigned distance_bits = 9;
inline constexpr unsigned precode_bits = 7;

// A complete code's subtable of 2^k entries has more than k symbols, which bounds them all.
constexpr std::size_t room(std::size_t symbols, unsigned width) noexcept {
  const unsigned k = longest - width;
  return (std::size_t{1} << width) + (symbols / (k + 1) + 1) * (std::size_t{1} << k);
}
inline constexpr std::size_t litlen_room = room(288, litlen_bits);
inline constexpr std::size_t distance_room = room(32, distance_bits);

constexpr unsigned bits_of(std::uint32_t entry) noexcept { return entry & 0xFFU; }
constexpr unsigned literals_of(std::uint32_t entry) noexcept { return entry >> 30; }
constexpr std::uint32_t kind_of(std::uint32_t entry) noexcept { return entry & invalid; }
constexpr unsigned code_bits_of(std::uint32_t entry) noexcept { return entry >> 8 & 15U; }
constexpr std::uint32_t value_of(std::uint32_t entry) noexcept { return (entry & ~special) >> 14; }
constexpr std::uint32_t match_of(std::uint32_t entry) noexcept { return entry >> 24 & 31U; } ///< where it is not special
constexpr bool only_literals(std::uint32_t entry) noexcept { return (entry & 0x3F000000U) == 0; }
inline constexpr std::uint32_t one_literal = 1U << 30;

/// The lengths that a code stands for.
struct length_span {
  std::uint16_t base;
  std::uint16_t extra; ///< bits, to be added
};
inline constexpr std::array<length_span, 32> length_spans = {
    {{0, 0},  {3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1},
     {13, 1}, {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3},
     {59, 3}, {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}}};
} // namespace code

/// Each fills a table from the lengths of the codes (0: the symbol has none) and says whether zlib would take them: complete
/// codes, and for literals and distances also one code of one bit, and for distances none at all.
[[nodiscard]] bool build_litlen(std::uint32_t* table, const std::uint8_t* lengths, std::size_t symbols) noexcept;
/// `usable`: the number of distance symbols that don't reach out of the window.
[[nodiscard]] bool build_distances(std::uint32_t* table, const std::uint8_t* lengths, std::size_t symbols,
                                   std::size_t usable) noexcept;
/// Entries are lengths of the codes of a code: the symbol is the base.
[[nodiscard]] bool build_precode(std::uint32_t* table, const std::uint8_t* lengths) noexcept;

/// The tables of the codes that deflate fixes, for windows of full size.
[[nodiscard]] const std::uint32_t* fixed_litlen() noexcept;
[[nodiscard]] const std::uint32_t* fixed_distances() noexcept;

} // namespace weir::png
