#pragma once

#include <cstddef>
#include <utility>

#include <weir/image.hpp>

namespace weir::detail {

class image_lists;

/// The images of a batch, in storage that goes back to where it came from: see src/stream/image_lists.hpp. Move-only.
class image_list {
public:
  image_list() noexcept = default;
  image_list(image_list&& o) noexcept
      : home_(std::exchange(o.home_, nullptr)), first_(std::exchange(o.first_, nullptr)), size_(std::exchange(o.size_, 0)) {}
  image_list& operator=(image_list&& o) noexcept {
    image_list old(std::move(*this));
    home_ = std::exchange(o.home_, nullptr);
    first_ = std::exchange(o.first_, nullptr);
    size_ = std::exchange(o.size_, 0);
    return *this;
  }
  ~image_list();

  [[nodiscard]] explicit operator bool() const noexcept { return first_ != nullptr; } ///< there is storage
  /// Not beyond the size that the storage was made for.
  void push_back(image&& im) noexcept { ::new (static_cast<void*>(first_ + size_++)) image(std::move(im)); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] image* begin() noexcept { return first_; }
  [[nodiscard]] image* end() noexcept { return first_ + size_; }
  [[nodiscard]] const image* begin() const noexcept { return first_; }
  [[nodiscard]] const image* end() const noexcept { return first_ + size_; }
  [[nodiscard]] image& operator[](std::size_t i) noexcept { return first_[i]; }
  [[nodiscard]] const image& operator[](std::size_t i) const noexcept { return first_[i]; }

private:
  friend class image_lists;
  image_list(image_lists& home, image* storage) noexcept : home_(&home), first_(storage) {}
  image_lists* home_ = nullptr;
  image* first_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace weir::detail
