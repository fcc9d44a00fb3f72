#pragma once

#include "kernels.hpp"

namespace weir::png::kernels {

#if defined(__x86_64__)
/// For every x86-64 processor.
[[nodiscard]] const set& sse2() noexcept;
/// For those with SSSE3 and SSE4.1.
[[nodiscard]] const set& sse41() noexcept;
[[nodiscard]] std::array<unfilter_rows, pixel_sizes.size()> sse41_paeth_rows() noexcept; ///< its rows (sse41_rows.cpp)
/// For those with AVX2, BMI and BMI2.
[[nodiscard]] const set& avx2() noexcept;
#endif

} // namespace weir::png::kernels
