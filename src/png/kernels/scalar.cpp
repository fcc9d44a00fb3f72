#include <bit>
#include <cstdlib>
#include <cstring>

#include "kernels.hpp"

namespace weir::png::kernels {
namespace {

template<std::size_t Pixel>
void sub(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* /*above*/, std::size_t bytes, bool first) noexcept {
  std::size_t i = 0;
  for (; first && i < Pixel && i < bytes; ++i) {
    to[i] = from[i];
  }
  for (; i < bytes; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] + (to + i)[-static_cast<std::ptrdiff_t>(Pixel)]);
  }
}

void up(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool /*first*/) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] + above[i]);
  }
}

template<std::size_t Pixel>
void average(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  std::size_t i = 0;
  for (; first && i < Pixel && i < bytes; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] + above[i] / 2);
  }
  for (; i < bytes; ++i) {
    const unsigned left = (to + i)[-static_cast<std::ptrdiff_t>(Pixel)];
    to[i] = static_cast<std::uint8_t>(from[i] + (left + above[i]) / 2);
  }
}

int predict(int left, int above, int corner) noexcept {
  const int p = above - corner;
  const int q = left - corner;
  const int to_left = std::abs(p);
  const int to_above = std::abs(q);
  const int to_corner = std::abs(p + q);
  const int nearer = to_above < to_left ? above : left;
  return to_corner < (to_above < to_left ? to_above : to_left) ? corner : nearer;
}

template<std::size_t Pixel>
void paeth(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes, bool first) noexcept {
  std::size_t i = 0;
  for (; first && i < Pixel && i < bytes; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] + above[i]);
  }
  constexpr auto back = -static_cast<std::ptrdiff_t>(Pixel);
  for (; i < bytes; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] + predict((to + i)[back], above[i], (above + i)[back]));
  }
}

template<std::size_t Pixel>
void paeth_rows(const row* rows, std::size_t count, const std::uint8_t* above, std::size_t bytes) noexcept {
  for (const row* r = rows; r != rows + count; above = r++->to) {
    paeth<Pixel>(r->to, r->from, above, bytes, true);
  }
}

void gray_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
  }
}

void rgb_to_gray(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    to[i] = static_cast<std::uint8_t>((9797U * from[3 * i] + 19234U * from[3 * i + 1] + 3737U * from[3 * i + 2]) >> 15);
  }
}

void rgba_to_rgb(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::memcpy(to + 3 * i, from + 4 * i, 3);
  }
}

void rgb_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::memcpy(to + 4 * i, from + 3 * i, 3);
    to[4 * i + 3] = alpha;
  }
}

void gray_to_rgba(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::uint8_t alpha) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    to[4 * i] = to[4 * i + 1] = to[4 * i + 2] = from[i];
    to[4 * i + 3] = alpha;
  }
}

// The loop is so short that it takes a tenth longer where it begins in one cache line and ends in another.
template<std::size_t Bytes>
__attribute__((aligned(64))) void look_up(std::uint8_t* to, const std::uint8_t* indices, std::size_t pixels,
                                          const std::uint32_t* colors) noexcept {
  // All four bytes while the next pixel overwrites the last of them.
  std::size_t i = 0;
  for (; i + 1 < pixels; ++i) {
    std::memcpy(to + Bytes * i, colors + indices[i], 4);
  }
  if (i < pixels) {
    std::memcpy(to + Bytes * i, colors + indices[i], Bytes);
  }
}

void high_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  for (std::size_t i = 0; i < samples; ++i) {
    to[i] = from[2 * i];
  }
}

void swap(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  if constexpr (std::endian::native == std::endian::big) {
    std::memcpy(to, from, 2 * samples);
    return;
  }
  for (std::size_t i = 0; i < samples; ++i) {
    const std::uint8_t high = from[2 * i];
    to[2 * i] = from[2 * i + 1];
    to[2 * i + 1] = high;
  }
}

void widen(std::uint8_t* to, const std::uint8_t* from, std::size_t samples) noexcept {
  for (std::size_t i = 0; i < samples; ++i) {
    to[2 * i] = to[2 * i + 1] = from[i];
  }
}

constexpr set all = {
    "scalar",
    false,
    {sub<1>, sub<2>, sub<3>, sub<4>, sub<6>, sub<8>},
    up,
    {average<1>, average<2>, average<3>, average<4>, average<6>, average<8>},
    {paeth<1>, paeth<2>, paeth<3>, paeth<4>, paeth<6>, paeth<8>},
    {paeth_rows<1>, paeth_rows<2>, paeth_rows<3>, paeth_rows<4>, paeth_rows<6>, paeth_rows<8>},
    gray_to_rgb,
    rgb_to_gray,
    rgba_to_rgb,
    rgb_to_rgba,
    gray_to_rgba,
    look_up<3>,
    look_up<4>,
    high_bytes,
    swap,
    widen,
};

} // namespace

const set& scalar() noexcept { return all; }

} // namespace weir::png::kernels
