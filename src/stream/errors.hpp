#pragma once

#include <exception>
#include <string>

#include "../png/failure.hpp"
#include <weir/error.hpp>
#include <weir/item.hpp>
#include <weir/shape.hpp>

namespace weir::detail {

/// Failures of items, as they flow in a stream.
[[nodiscard]] std::exception_ptr item_failure(const item_info& info, weir::stage where, std::string message,
                                              std::uint64_t offset = error::no_offset);
[[nodiscard]] std::exception_ptr item_failure(const item_info& info, png::failure why);
[[nodiscard]] std::exception_ptr shape_mismatch(const item_info& info, const shape& wanted, const shape& got);
[[nodiscard]] std::exception_ptr too_large(const item_info& info, const shape& s, std::uint64_t budget);

} // namespace weir::detail
