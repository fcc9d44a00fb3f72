#include "errors.hpp"

#include <utility>

namespace weir {

error::error(std::string origin, weir::stage where, std::string message, std::uint64_t offset)
    : origin_(std::move(origin)), message_(std::move(message)), offset_(offset), where_(where) {
  what_ = origin_ + ": " + std::string(to_string(where_)) + ": " + message_;
  if (offset_ != no_offset) {
    what_ += " (at byte " + std::to_string(offset_) + ")";
  }
}

namespace detail {

namespace {

std::string describe(const shape& s) {
  return std::to_string(s.width) + " x " + std::to_string(s.height) + " x " + std::to_string(s.channels) + " of " +
         std::to_string(s.bits) + " bits";
}

} // namespace

std::exception_ptr item_failure(const item_info& info, weir::stage where, std::string message, std::uint64_t offset) {
  return std::make_exception_ptr(error(std::string(info.from.text()), where, std::move(message), offset));
}

std::exception_ptr item_failure(const item_info& info, png::failure why) {
  return item_failure(info, why.where, std::move(why.message), why.offset);
}

std::exception_ptr shape_mismatch(const item_info& info, const shape& wanted, const shape& got) {
  return item_failure(info, weir::stage::batch, "the image is " + describe(got) + ", and the batch is of " + describe(wanted));
}

std::exception_ptr too_large(const item_info& info, const shape& s, std::uint64_t budget) {
  return item_failure(info, weir::stage::decode,
                      "the image needs " + std::to_string(s.bytes()) + " bytes, and the budget is " + std::to_string(budget) +
                          " bytes");
}

} // namespace detail
} // namespace weir
