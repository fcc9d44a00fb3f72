#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weir/detail/owner.hpp>
#include <weir/item.hpp>
#include <weir/shape.hpp>

namespace weir {

/// A decoded image: rows from the top, packed, channels innermost; samples of 16 bits in native byte order. Owns its pixels,
/// which are a block of the runtime's pool and count against its budget until the image is destroyed. That may be on any
/// thread, also after the runtime is gone.
class image {
public:
  image() noexcept = default;

  [[nodiscard]] const weir::shape& shape() const noexcept { return shape_; }
  [[nodiscard]] int width() const noexcept { return static_cast<int>(shape_.width); }   ///< columns
  [[nodiscard]] int height() const noexcept { return static_cast<int>(shape_.height); } ///< rows
  [[nodiscard]] int channels() const noexcept { return shape_.channels; }               ///< 1 to 4
  [[nodiscard]] int bits() const noexcept { return shape_.bits; }                       ///< a sample's: 8 or 16
  [[nodiscard]] std::span<std::byte> pixels() noexcept {
    return {data_, shape_.bytes()};
  } ///< height × width × channels samples
  [[nodiscard]] std::span<const std::byte> pixels() const noexcept { return {data_, shape_.bytes()}; }

  [[nodiscard]] const item_info& info() const noexcept { return info_; }
  [[nodiscard]] std::uint64_t index() const noexcept { return info_.index; }
  [[nodiscard]] std::string_view origin() const noexcept { return info_.from.text(); }
  [[nodiscard]] std::uint64_t tag() const noexcept { return info_.tag; }
  /// libpng's first warning about the file, or empty.
  [[nodiscard]] const std::string& warning() const noexcept { return warning_; }
  /// It stands in for an input that failed (see blank_bad).
  [[nodiscard]] bool blank() const noexcept { return blank_; }

  /// The library's.
  image(item_info info, const weir::shape& s, std::byte* data, detail::owner memory, std::string warning, bool blank = false)
      : info_(std::move(info)), shape_(s), data_(data), memory_(std::move(memory)), warning_(std::move(warning)),
        blank_(blank) {}
  [[nodiscard]] detail::owner& memory() noexcept { return memory_; }
  std::uint64_t advance_index(std::uint64_t by) noexcept { return info_.index += by; } ///< for `repeat`

private:
  item_info info_;
  weir::shape shape_;
  std::byte* data_ = nullptr;
  detail::owner memory_;
  std::string warning_;
  bool blank_ = false;
};

} // namespace weir
