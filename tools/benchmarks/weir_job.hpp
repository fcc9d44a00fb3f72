#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "memory/segment.hpp"
#include "png/decode.hpp"
#include "png/header.hpp"
#include <weir/png_options.hpp>
#include <weir/shape.hpp>

namespace plain {

/// weir's decode as a worker of a pipeline does it, without the pipeline: the file in segments as they are read, scratch that
/// is used again, stop flags that are looked at and never set. One thread at a time.
class weir_job {
public:
  explicit weir_job(const weir::png_options& options) noexcept : options_(options) {}

  /// What an image decodes to, as the pipeline learns it before it asks for memory; nothing if its header is bad.
  [[nodiscard]] std::optional<weir::shape> shape_of(std::span<const std::byte> file);
  /// Decodes into `to`, which has room for shape_of's.
  [[nodiscard]] weir::png::ending decode(std::span<const std::byte> file, std::span<std::byte> to,
                                         weir::png::decoder_choice which);
  /// What the last file says of itself, and the bytes of scratch that it took.
  [[nodiscard]] const weir::png::header& header() const noexcept { return header_; }
  [[nodiscard]] std::size_t scratch_size() const { return weir::png::scratch_bytes(header_, options_); }

private:
  const weir::memory::segment* chain_over(std::span<const std::byte> file);
  std::span<std::byte> scratch();

  weir::png_options options_;
  weir::png::header header_;
  std::vector<weir::memory::segment> chain_;
  std::vector<std::byte> memory_;
  std::atomic<bool> own_stop_{false};
  std::atomic<bool> root_stop_{false};
};

} // namespace plain
