#pragma once

#include <cstdint>

namespace weir::test {

/// How often this program has asked for memory, on whatever thread, in whatever library: malloc and its kin (operator new calls
/// them), and maps of fresh pages.
[[nodiscard]] std::uint64_t heap_calls() noexcept;

} // namespace weir::test
