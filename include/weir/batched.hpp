#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <weir/image_batch.hpp>
#include <weir/pipeline.hpp>

namespace weir {

/// What a batch does with images of different shapes.
enum class shapes : unsigned char {
  same,    ///< one block of N × H × W × C, of the first good image's shape; an image of another shape is an item that failed
           ///< (stage batch)
  ragged,  ///< up to N images, each with a block of its own; closes early rather than wait for memory that its own members hold
  grouped, ///< a batch of one block for each shape; when memory is short, the oldest open one is given on
};

struct batch_options {
  weir::shapes shapes = weir::shapes::same;
  bool drop_remainder = false; ///< at the end, batches that are not full are dropped
};

/// The budget can't hold one batch: what fails a pipeline as soon as the shape is known.
class budget_error : public std::runtime_error {
public:
  budget_error(std::uint64_t needed, std::uint64_t budget);
  [[nodiscard]] std::uint64_t needed() const noexcept { return needed_; } ///< bytes
  [[nodiscard]] std::uint64_t budget() const noexcept { return budget_; } ///< bytes

private:
  std::uint64_t needed_;
  std::uint64_t budget_;
};

namespace detail {
class batch_stage : public stage_base {
public:
  batch_stage(std::size_t size, batch_options o);
  pipeline<image_batch> operator()(pipeline<image>&& p) const;

private:
  std::size_t size_;
  batch_options options_;
};
} // namespace detail

/// Collects images into batches of `size` (at least 1, else std::invalid_argument). Where it follows `decode_png` directly (an
/// `on_error` that skips or fails may stand between), images of one block are decoded in place; else each is copied into it
/// once, and counted: then the budget has to hold two batches. Failed items go past it. A batch is complete or the last: a stop
/// or an error never gives a part of one.
[[nodiscard]] inline detail::batch_stage batched(std::size_t size, batch_options options = {}) {
  return detail::batch_stage(size, options);
}

} // namespace weir
