#include <weir/image_batch.hpp>

#include <cstring>

#include <weir/detail/result.hpp>

#include "../memory/segment.hpp"
#include <weir/encoded.hpp>

namespace weir {

tensor_view image_batch::tensor() {
  if (ragged()) {
    detail::throw_misuse("weir: tensor() of a ragged batch: its images have blocks of their own");
  }
  return {block_, images_.size(), images_[0].shape()};
}

std::vector<std::uint8_t> image_batch::mask() const {
  std::vector<std::uint8_t> good;
  good.reserve(images_.size());
  for (const image& im : images_) {
    good.push_back(im.blank() ? 0 : 1);
  }
  return good;
}

void encoded::copy_to(std::span<std::byte> to) const noexcept {
  if (size_ == 0) { // there may be no address to copy from or to
    return;
  }
  if (first_ == nullptr) {
    std::memcpy(to.data(), flat_.data(), flat_.size());
    return;
  }
  std::size_t at = 0;
  for (const memory::segment* s = first_; s != nullptr; s = s->next) {
    std::memcpy(to.data() + at, s->data, s->used);
    at += s->used;
  }
}

} // namespace weir
