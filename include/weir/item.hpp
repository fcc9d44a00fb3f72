#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <weir/shape.hpp>

namespace weir {

/// Where an item comes from: a path, or a request's id. Copying it copies no text.
class origin {
public:
  origin() noexcept = default;
  /// `text` is in what `keep` keeps alive.
  origin(std::shared_ptr<const void> keep, std::string_view text) noexcept : keep_(std::move(keep)), text_(text) {}
  explicit origin(std::string text) {
    auto kept = std::make_shared<const std::string>(std::move(text));
    text_ = *kept;
    keep_ = std::move(kept);
  }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
  std::shared_ptr<const void> keep_;
  std::string_view text_;
};

/// What an item carries through a pipeline beside its payload.
struct item_info {
  std::uint64_t index = 0; ///< its position in the source, from 0; bad items count, and it goes on over the passes of `repeat`
  weir::origin from;
  std::uint64_t tag = 0;                  ///< the user's own: see buffers()
  std::uint64_t file_bytes = 0;           ///< bytes read for it
  weir::shape expected;                   ///< from a decode on: what the header promised; 1 × 1 if it couldn't be read
  std::chrono::nanoseconds read_time{};   ///< from the request to the last byte; 0 if nothing was read
  std::chrono::nanoseconds decode_time{}; ///< from the job's begin to its end; 0 if nothing was decoded
};

/// What flows in a pipeline: a payload or an error, and where it comes from. Stages of the library pass errors on to the next
/// `on_error`.
template<class T> class item {
public:
  item_info info;

  item(item_info i, T value) : info(std::move(i)), value_(std::move(value)) {}
  item(item_info i, std::exception_ptr failure) noexcept : info(std::move(i)), failure_(std::move(failure)) {}

  [[nodiscard]] bool failed() const noexcept { return failure_ != nullptr; }
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
  /// Not if it failed.
  [[nodiscard]] T& value() noexcept { return *value_; }
  /// The same failure as an item of another type.
  template<class U> [[nodiscard]] item<U> failure_as() && { return item<U>(std::move(info), std::move(failure_)); }

private:
  std::optional<T> value_;
  std::exception_ptr failure_;
};

} // namespace weir
