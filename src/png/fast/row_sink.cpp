#include "row_sink.hpp"

#include <algorithm>
#include <array>
#include <cstring>

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

// Of pixels that come each as so many bits and go as so many bytes. Where they go, not more than a look at the stop flag may
// find made at once.
std::size_t rows_that_fit(const header& h, std::size_t pixel_bytes) noexcept {
  constexpr std::size_t most_bytes = row_sink::most_left - kernels::most_rows;
  const std::size_t bits = pixel_bits(h);
  const std::size_t row = std::max(row_bytes(h, h.width), h.width * pixel_bytes);
  return bits < 8 ? 1 : std::clamp<std::size_t>(most_bytes / row, 1, kernels::rows_together[kernels::size_index(bits / 8)]);
}

constexpr std::size_t buffer_bytes(const header& h) noexcept {
  return (row_bytes(h, h.width) + scratch::alignment - 1) / scratch::alignment * scratch::alignment;
}

} // namespace

std::size_t row_sink::scratch_bytes(const header& h) noexcept {
  return (rows_that_fit(h, 1) + 1) * buffer_bytes(h) + scratch::alignment;
}

bool row_sink::start(const header& h, const conversion& c, const kernels::set& k, const surface& to, scratch& memory) noexcept {
  header_ = h;
  conversion_ = &c;
  kernels_ = &k;
  output_ = reinterpret_cast<std::uint8_t*>(to.data);
  stride_ = to.stride;
  bits_ = pixel_bits(h);
  filter_unit_ = unit_of(bits_);
  together_ = rows_that_fit(h, c.pixel_bytes());
  direct_ = c.identity() && !h.interlaced;
  if (!direct_) {
    buffer_bytes_ = buffer_bytes(h);
    buffers_ = static_cast<std::uint8_t*>(memory.allocate((together_ + 1) * buffer_bytes_));
    if (buffers_ == nullptr) {
      return false;
    }
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

// Of the current row, or one that comes after it.
std::uint8_t* row_sink::room_for(std::size_t ahead) const noexcept {
  if (direct_) {
    return output_ + (row_ + ahead) * stride_;
  }
  const std::size_t i = buffer_ + ahead;
  return buffers_ + (i <= together_ ? i : i - together_ - 1) * buffer_bytes_;
}

bool row_sink::begin_row(std::uint8_t filter) noexcept {
  if (filter > 4) {
    return false;
  }
  filter_ = filter;
  in_row_ = true;
  at_ = 0;
  current_ = room_for(0);
  above_ = row_ == 0 ? current_ : above_;
  return true;
}

void row_sink::end_row() noexcept {
  in_row_ = false;
  above_ = current_;
  buffer_ = buffer_ == together_ ? 0 : buffer_ + 1;
  if (++row_ == rows_) {
    pass_index_ = header_.interlaced ? pass_index_ + 1 : interlaced_passes.size();
    begin_pass();
  }
}

// How many of the next rows are taken at once: those that have the filter in which each pixel waits for the one before it. Of
// several such rows, all take little longer than one. 0: more has to be there to tell.
std::size_t row_sink::rows_ready(const std::uint8_t* from, const std::uint8_t* end) const noexcept {
  if (in_row_ || *from != 4 || row_ == 0) {
    return 1;
  }
  const std::size_t row = row_bytes_ + 1;
  const auto size = static_cast<std::size_t>(end - from);
  const std::size_t most = std::min<std::size_t>(together_, rows_ - row_);
  std::size_t n = 1;
  while (n < most && n * row < size && from[n * row] == 4) {
    ++n;
  }
  const bool all_known = n == most || n * row < size;
  return all_known && (n == 1 || n * row <= size) ? n : 0;
}

// Returns where the last of them ends: row_bytes_ may be the next pass's by then.
const std::uint8_t* row_sink::take_rows(const std::uint8_t* from, std::size_t n) noexcept {
  std::array<kernels::row, kernels::most_rows> rows;
  for (std::size_t i = 0; i < n; ++i) {
    rows[i] = {room_for(i), from + i * (row_bytes_ + 1) + 1};
  }
  from += n * (row_bytes_ + 1);
  kernels_->paeth_rows[kernels::size_index(filter_unit_)](rows.data(), n, above_, row_bytes_);
  for (std::size_t i = 0; i < n; ++i) {
    (void)begin_row(4);
    if (!direct_) {
      emit(current_, row_bytes_);
    }
    end_row();
  }
  return from;
}

const std::uint8_t* row_sink::take(const std::uint8_t* from, const std::uint8_t* end) noexcept {
  while (from != end && pass_index_ < interlaced_passes.size()) {
    const std::size_t ready = rows_ready(from, end);
    if (ready == 0) {
      break;
    }
    if (ready > 1) {
      from = take_rows(from, ready);
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
