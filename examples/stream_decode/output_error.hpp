#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace stream_decode {

/// A result that couldn't be written. `what()` is "ORIGIN: DOING: REASON".
class output_error : public std::runtime_error {
public:
  /// `origin`: a path, or "stdout". `number`: an errno.
  output_error(const std::string& origin, const std::string& doing, int number)
      : std::runtime_error(origin + ": " + doing + ": " + std::generic_category().message(number)), origin_(origin) {}

  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }

private:
  std::string origin_;
};

} // namespace stream_decode
