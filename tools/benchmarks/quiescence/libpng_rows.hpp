#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quiescence {

/// Whether a decode that goes on shall end. Asked before each row; `whole` decodes never ask.
class stop_question {
public:
  virtual bool stopped() noexcept = 0;

protected:
  ~stop_question() = default;
};

/// Decodes to 8-bit RGB with Debian's libpng, row by row: what a program without weir does. False: stopped, or not a PNG file.
bool decode_rows(std::span<const std::byte> file, std::vector<std::byte>& pixels, stop_question* question);

} // namespace quiescence
