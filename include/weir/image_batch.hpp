#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weir/detail/image_list.hpp>
#include <weir/image.hpp>

namespace weir {

/// A batch as a model takes it: N × H × W × C, packed, one block.
struct tensor_view {
  std::byte* data = nullptr;
  std::size_t count = 0; ///< N
  weir::shape shape;     ///< of each image
  [[nodiscard]] std::size_t bytes() const noexcept { return count * shape.bytes(); }
};

/// Images that are delivered together, in order. Of one shape: one block, `tensor()`. Ragged: each image has a block of its
/// own. Owns the pixels, as `image` does.
class image_batch {
public:
  image_batch() noexcept = default;

  [[nodiscard]] std::size_t size() const noexcept { return images_.size(); }
  [[nodiscard]] bool empty() const noexcept { return images_.empty(); }
  /// Each image's pixels, shape, index, origin, tag. In a batch of one shape the pixels are the batch's.
  [[nodiscard]] image& operator[](std::size_t i) noexcept { return images_[i]; }
  [[nodiscard]] const image& operator[](std::size_t i) const noexcept { return images_[i]; }
  [[nodiscard]] auto begin() const noexcept { return images_.begin(); }
  [[nodiscard]] auto end() const noexcept { return images_.end(); }

  [[nodiscard]] bool ragged() const noexcept { return block_ == nullptr; }
  /// All images as one tensor. Throws std::logic_error if the batch is ragged.
  [[nodiscard]] tensor_view tensor();
  /// One for each image: 1 if it was decoded, 0 if it stands in for one that failed.
  [[nodiscard]] std::vector<std::uint8_t> mask() const;
  /// From the first image's arrival in the batch to its delivery.
  [[nodiscard]] std::chrono::nanoseconds assembly_time() const noexcept { return assembly_time_; }

  /// The library's: `block` null means ragged.
  image_batch(detail::image_list images, std::byte* block, detail::owner memory, std::chrono::nanoseconds assembly)
      : memory_(std::move(memory)), images_(std::move(images)), block_(block), assembly_time_(assembly) {}

  std::uint64_t advance_index(std::uint64_t by) noexcept { ///< for `repeat`: gives the highest
    std::uint64_t highest = 0;
    for (image& im : images_) {
      highest = std::max(highest, im.advance_index(by));
    }
    return highest;
  }

private:
  detail::owner memory_;
  detail::image_list images_;
  std::byte* block_ = nullptr;
  std::chrono::nanoseconds assembly_time_{};
};

} // namespace weir
