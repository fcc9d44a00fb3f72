#pragma once

#include "kernels.hpp"

namespace weir::png::kernels {

#if defined(__AARCH64EL__)
/// For every aarch64 processor, as far as it is little-endian.
[[nodiscard]] const set& neon() noexcept;
#endif

} // namespace weir::png::kernels
