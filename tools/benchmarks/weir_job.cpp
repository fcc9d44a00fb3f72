#include "weir_job.hpp"

#include <algorithm>
#include <variant>

#include "png/reference.hpp"
#include "png/scratch.hpp"

namespace plain {

namespace png = weir::png;

std::optional<weir::shape> weir_job::shape_of(std::span<const std::byte> file) {
  const weir::memory::segment* input = chain_over(file);
  const auto parsed = png::parse_header(input, options_);
  const auto* h = std::get_if<png::header>(&parsed);
  if (h == nullptr)
    return std::nullopt;
  header_ = *h;
  if (!png::needs_probe(header_, options_))
    return png::output_shape(header_, options_);
  if (const auto transparent = png::find_transparency(input, header_))
    return png::output_shape(header_, options_, *transparent);
  png::scratch lent(scratch());
  const auto found = png::probe(input, header_, options_, lent, weir::stop_flag(&own_stop_, &root_stop_));
  return found.how == png::ending::ok ? std::optional(found.output) : std::nullopt;
}

png::ending weir_job::decode(std::span<const std::byte> file, std::span<std::byte> to, png::decoder_choice which) {
  const weir::memory::segment* input = chain_over(file);
  png::scratch lent(scratch());
  return png::decode(input, header_, options_, to, lent, weir::stop_flag(&own_stop_, &root_stop_), which).how;
}

const weir::memory::segment* weir_job::chain_over(std::span<const std::byte> file) {
  using weir::memory::segment_bytes;
  auto* bytes = const_cast<std::byte*>(file.data()); // a segment's are read here, not written
  chain_.clear();
  for (std::size_t at = 0; at < file.size(); at += segment_bytes) {
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(segment_bytes, file.size() - at));
    chain_.push_back({bytes + at, size, size, nullptr});
  }
  for (std::size_t i = 1; i < chain_.size(); ++i)
    chain_[i - 1].next = &chain_[i];
  return chain_.empty() ? nullptr : chain_.data();
}

std::span<std::byte> weir_job::scratch() {
  const std::size_t size = scratch_size();
  if (memory_.size() < size)
    memory_.resize(size);
  return {memory_.data(), size};
}

} // namespace plain
