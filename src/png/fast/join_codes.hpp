#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::png {

/// Where the next codes' bits are in the index of a table of literals and lengths as well, puts them into the entry too: two
/// literals, and then a match. The second needs AVX2, and makes the same table.
void join_codes(std::uint32_t* table) noexcept;
void join_codes_avx2(std::uint32_t* table) noexcept;

/// How many of 1024 entries would be joined with another, about, and if codes come as often as their lengths say.
[[nodiscard]] std::uint32_t joinable(const std::uint8_t* lengths, std::size_t symbols) noexcept;

} // namespace weir::png
