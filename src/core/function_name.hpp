#pragma once

#include <string>
#include <string_view>

namespace weir::detail {

/// What a person calls a function that a compiler names with its whole signature, as std::source_location does: without what it
/// returns, its parameters, and its template's arguments. "weir::run" of "weir::task<T> weir::run(F, int) [with T = void]";
/// closures are "outer::<lambda>", as g++ and clang say it in different ways.
[[nodiscard]] std::string function_name(std::string_view signature);

/// The last part of a path.
[[nodiscard]] std::string_view file_name(std::string_view path) noexcept;

} // namespace weir::detail
