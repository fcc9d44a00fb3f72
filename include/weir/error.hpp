#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace weir {

/// Where in a pipeline an item failed.
enum class stage : std::uint8_t { open, read, header, decode, batch, user };

[[nodiscard]] constexpr std::string_view to_string(stage s) noexcept {
  switch (s) {
  case stage::open: return "open";
  case stage::read: return "read";
  case stage::header: return "header";
  case stage::decode: return "decode";
  case stage::batch: return "batch";
  case stage::user: return "user";
  }
  return "user";
}

/// An item's failure: which input, where, why. It fails that item alone until a policy says otherwise (see on_error.hpp).
/// `what()` is "ORIGIN: STAGE: MESSAGE (at byte OFFSET)"; without an offset the part in brackets is missing.
class error : public std::exception {
public:
  static constexpr std::uint64_t no_offset = ~std::uint64_t{0};

  error(std::string origin, weir::stage where, std::string message, std::uint64_t offset = no_offset);

  [[nodiscard]] const std::string& origin() const noexcept { return origin_; } ///< the path, or the request's id
  [[nodiscard]] weir::stage where() const noexcept { return where_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; } ///< libpng's or the system's own words
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; } ///< bytes from the start of the input, or no_offset
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

private:
  std::string origin_;
  std::string message_;
  std::string what_;
  std::uint64_t offset_;
  weir::stage where_;
};

} // namespace weir
