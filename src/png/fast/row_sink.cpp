#include "row_sink.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weir::png {
namespace {

constexpr std::size_t unit_of(std::size_t bits) noexcept { return bits < 8 ? 1 : bits / 8; }

// Average, where there is no row above.
void halve_left(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes, std::size_t unit, bool first) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) {
    const unsigned left = first && i < unit ? 0U : (to + i)[-static_cast<std::ptrdiff_t>(unit)];
    to[i] = static_cast<std::uint8_t>(from[i] + left / 2);
  }
}

template<std::size_t Bytes>
void scatter(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels, std::size_t step) noexcept {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::memcpy(to + i * step * Bytes, from + i * Bytes, Bytes);
  }
}

void scatter(std::size_t pixel_bytes, std::uint8_t* to, const std::uint8_t* from, std::size_t pixels,
             std::size_t step) noexcept {
  switch (pixel_bytes) {
  case 1: return scatter<1>(to, from, pixels, step);
  case 2: return scatter<2>(to, from, pixels, step);
  case 3: return scatter<3>(to, from, pixels, step);
  case 4: return scatter<4>(to, from, pixels, step);
  case 6: return scatter<6>(to, from, pixels, step);
  default: return scatter<8>(to, from, pixels, step);
  }
}

} // namespace

std::size_t row_sink::scratch_bytes(const header& h) noexcept {
  const std::size_t row = row_bytes(h, h.width);
  const std::size_t each = room_before + scratch::alignment;
  return 2 * (row + each) + std::min(row, most_left) + each;
}

bool row_sink::start(const header& h, const conversion& c, const kernels::set& k, const surface& to, scratch& memory) noexcept {
  header_ = h;
  conversion_ = &c;
  kernels_ = &k;
  output_ = reinterpret_cast<std::uint8_t*>(to.data);
  stride_ = to.stride;
  bits_ = pixel_bits(h);
  filter_unit_ = unit_of(bits_);
  direct_ = c.identity() && !h.interlaced;
  if (!direct_) {
    const std::size_t bytes = row_bytes(h, h.width) + room_before;
    current_ = static_cast<std::uint8_t*>(memory.allocate(bytes));
    above_ = static_cast<std::uint8_t*>(memory.allocate(bytes));
    below_ = static_cast<std::uint8_t*>(memory.allocate(std::min(bytes, most_left + room_before))); // of a pair
    if (current_ == nullptr || above_ == nullptr || below_ == nullptr) {
      return false;
    }
    below_ += room_before;
    current_ += room_before;
    above_ += room_before;
  }
  begin_pass();
  return true;
}

void row_sink::begin_pass() noexcept {
  for (; pass_index_ < interlaced_passes.size(); ++pass_index_) {
    pass_ = header_.interlaced ? interlaced_passes[pass_index_] : whole_image;
    columns_ = pass_.columns(header_.width);
    rows_ = columns_ == 0 ? 0 : pass_.rows(header_.height);
    if (rows_ > 0) {
      break;
    }
  }
  row_bytes_ = row_bytes(header_, columns_);
  row_ = 0;
  in_row_ = false;
}

bool row_sink::begin_row(std::uint8_t filter) noexcept {
  if (filter > 4) {
    return false;
  }
  filter_ = filter;
  in_row_ = true;
  at_ = 0;
  if (direct_) {
    current_ = output_ + row_ * stride_;
    above_ = current_ - (row_ > 0 ? stride_ : 0);
  }
  return true;
}

void row_sink::end_row() noexcept {
  in_row_ = false;
  if (!direct_) {
    std::swap(current_, above_);
  }
  if (++row_ == rows_) {
    pass_index_ = header_.interlaced ? pass_index_ + 1 : interlaced_passes.size();
    begin_pass();
  }
}

// Whether the next row and the one behind it both have the filter in which each pixel waits for the one before it: two rows
// at once then take little longer than one. If what there is of them doesn't tell, more is waited for, if that isn't much.
row_sink::pair row_sink::find_pair(const std::uint8_t* from, const std::uint8_t* end) const noexcept {
  const std::size_t row = row_bytes_ + 1;
  if (in_row_ || *from != 4 || row_ == 0 || row_ + 1 == rows_ || filter_unit_ > 4 || 2 * row > most_left ||
      2 * columns_ * conversion_->pixel_bytes() > most_left) {
    return pair::no;
  }
  const auto size = static_cast<std::size_t>(end - from);
  if (size > row && from[row] != 4) {
    return pair::no;
  }
  return size < 2 * row ? pair::later : pair::now;
}

// Returns where the second row ends: row_bytes_ may be the next pass's by then.
const std::uint8_t* row_sink::take_pair(const std::uint8_t* from) noexcept {
  const std::uint8_t* const from_below = from + row_bytes_ + 1;
  const std::uint8_t* const end = from_below + row_bytes_ + 1;
  (void)begin_row(*from);
  std::uint8_t* const below = direct_ ? current_ + stride_ : below_;
  kernels_->paeth_two[kernels::size_index(filter_unit_)](current_, below, from + 1, from_below + 1, above_, row_bytes_);
  if (!direct_) {
    emit(current_, row_bytes_);
  }
  end_row();
  (void)begin_row(*from_below);
  if (!direct_) {
    std::swap(current_, below_);
    emit(current_, row_bytes_);
  }
  end_row();
  return end;
}

const std::uint8_t* row_sink::take(const std::uint8_t* from, const std::uint8_t* end) noexcept {
  while (from != end && pass_index_ < interlaced_passes.size()) {
    const pair two = find_pair(from, end);
    if (two == pair::later) {
      break;
    }
    if (two == pair::now) {
      from = take_pair(from);
      continue;
    }
    if (!in_row_ && !begin_row(*from++)) {
      return nullptr;
    }
    const std::size_t left = row_bytes_ - at_;
    std::size_t n = static_cast<std::size_t>(end - from);
    n = n >= left ? left : n - n % filter_unit_;
    if (n > 0) {
      unfilter(current_ + at_, from, above_ + at_, n);
      if (!direct_) {
        emit(current_ + at_, n);
      }
      at_ += n;
      from += n;
    }
    if (at_ == row_bytes_) {
      end_row();
    } else if (n == 0) {
      break;
    }
  }
  return from;
}

void row_sink::unfilter(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above,
                        std::size_t bytes) const noexcept {
  const std::size_t size = kernels::size_index(filter_unit_);
  const bool start = at_ == 0;
  const bool top = row_ == 0; // what is above it is zero
  switch (filter_) {
  case 1: return kernels_->sub[size](to, from, above, bytes, start);
  case 2:
    if (!top) {
      return kernels_->up(to, from, above, bytes, start);
    }
    break;
  case 3:
    return top ? halve_left(to, from, bytes, filter_unit_, start) : kernels_->average[size](to, from, above, bytes, start);
  case 4:
    return top ? kernels_->sub[size](to, from, above, bytes, start) : kernels_->paeth[size](to, from, above, bytes, start);
  default: break;
  }
  std::memcpy(to, from, bytes);
}

// Converts a part of the current row, and puts it where it belongs.
void row_sink::emit(const std::uint8_t* from, std::size_t bytes) noexcept {
  const std::size_t first = at_ * 8 / bits_;
  const std::size_t pixels = std::min(bytes * 8 / bits_, columns_ - first);
  const std::size_t pixel = conversion_->pixel_bytes();
  std::uint8_t* const row = output_ + (pass_.y + std::size_t{row_} * pass_.dy) * stride_;
  if (pass_.dx == 1) {
    conversion_->run(row + (pass_.x + first) * pixel, from, pixels);
    return;
  }
  std::array<std::uint8_t, conversion::block * 8> block;
  for (std::size_t done = 0; done < pixels; done += conversion::block) {
    const std::size_t n = std::min(conversion::block, pixels - done);
    conversion_->run(block.data(), from + done * bits_ / 8, n);
    scatter(pixel, row + (pass_.x + (first + done) * pass_.dx) * pixel, block.data(), n, pass_.dx);
  }
}

} // namespace weir::png
