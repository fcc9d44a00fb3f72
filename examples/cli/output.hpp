#pragma once

#include <cstdio>
#include <string_view>

namespace cli {

/// Writes all of `text`, now. False: it was not taken (a closed pipe, a full device).
[[nodiscard]] inline bool print(std::FILE* to, std::string_view text) noexcept {
  return std::fwrite(text.data(), 1, text.size(), to) == text.size() && std::fflush(to) == 0;
}

} // namespace cli
