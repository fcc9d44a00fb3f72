#include "inflate.hpp"

#include <algorithm>
#include <cstring>

#include "inflate_loop.hpp"

namespace weir::png {

using namespace code;

void inflater::start(bool avx2_bmi2) noexcept {
  bits_ = 0;
  count_ = 0;
  phase_ = phase::stream;
  last_block_ = false;
  avx2_bmi2_ = avx2_bmi2;
}

inflater::outcome inflater::run(step& s) noexcept {
  for (;;) {
    switch (advance(s)) {
    case next::phase: break;
    case next::input: return outcome::needs_input;
    case next::output: return outcome::full;
    }
    if (phase_ == phase::end) {
      return outcome::end;
    }
    if (phase_ == phase::refused) {
      return outcome::refused;
    }
  }
}

inflater::next inflater::advance(step& s) noexcept {
  if (phase_ != phase::stored) {
    fill(s);
  }
  switch (phase_) {
  case phase::stream: return begin_stream();
  case phase::block: return begin_block();
  case phase::stored_size: return begin_stored();
  case phase::stored: return copy_stored(s);
  case phase::sizes: return read_sizes();
  case phase::precode: return read_precode(s);
  case phase::lengths: return read_lengths(s);
  case phase::codes: return read_codes(s);
  case phase::trailer: return read_trailer();
  case phase::end:
  case phase::refused: break;
  }
  return next::phase;
}

void inflater::fill(step& s) noexcept {
  if (s.from_end - s.from >= 8) {
    const unsigned bytes = (63 - count_) / 8;
    bits_ |= inflate_loop::load(s.from) << count_;
    count_ += 8 * bytes;
    bits_ &= (std::uint64_t{1} << count_) - 1;
    s.from += bytes;
    return;
  }
  while (count_ <= 55 && s.from != s.from_end) {
    bits_ |= std::uint64_t{*s.from++} << count_;
    count_ += 8;
  }
}

inflater::next inflater::refuse() noexcept {
  phase_ = phase::refused;
  return next::phase;
}

inflater::next inflater::begin_stream() noexcept {
  if (count_ < 16) {
    return next::input;
  }
  const std::uint32_t method = peek(8);
  const std::uint32_t flags = peek(16) >> 8;
  drop(16);
  const unsigned window_bits = (method >> 4) + 8;
  if ((method & 15U) != 8 || window_bits > 15 || (method << 8 | flags) % 31 != 0 || (flags & 0x20U) != 0) {
    return refuse();
  }
  usable_distances_ = std::size_t{window_bits} * 2; // each two more of the symbols reach twice as far
  phase_ = phase::block;
  return next::phase;
}

inflater::next inflater::begin_block() noexcept {
  if (count_ < 3) {
    return next::input;
  }
  last_block_ = peek(1) != 0;
  const std::uint32_t type = peek(3) >> 1;
  drop(3);
  switch (type) {
  case 0:
    drop(count_ % 8);
    phase_ = phase::stored_size;
    break;
  case 1:
    use_fixed_codes();
    phase_ = phase::codes;
    break;
  case 2: phase_ = phase::sizes; break;
  default: return refuse();
  }
  return next::phase;
}

inflater::next inflater::end_block() noexcept {
  if (last_block_) {
    drop(count_ % 8);
  }
  phase_ = last_block_ ? phase::trailer : phase::block;
  return next::phase;
}

inflater::next inflater::begin_stored() noexcept {
  if (count_ < 32) {
    return next::input;
  }
  stored_ = peek(16);
  const std::uint32_t complement = peek(32) >> 16;
  drop(32);
  if ((stored_ ^ complement) != 0xFFFFU) {
    return refuse();
  }
  phase_ = phase::stored;
  return next::phase;
}

inflater::next inflater::copy_stored(step& s) noexcept {
  while (stored_ > 0 && count_ > 0) { // at most eight that had been taken already
    if (s.to >= s.to_limit) {
      return next::output;
    }
    *s.to++ = static_cast<std::uint8_t>(peek(8));
    drop(8);
    --stored_;
  }
  if (stored_ == 0) {
    return end_block();
  }
  if (s.to >= s.to_limit) {
    return next::output;
  }
  const std::size_t n = std::min(
      {std::size_t{stored_}, static_cast<std::size_t>(s.from_end - s.from), static_cast<std::size_t>(s.to_limit - s.to)});
  if (n == 0) {
    return next::input;
  }
  std::memcpy(s.to, s.from, n);
  s.to += n;
  s.from += n;
  stored_ -= static_cast<std::uint32_t>(n);
  return next::phase;
}

// As far as the fast loop can go, then symbol by symbol where the piece of input ends.
inflater::next inflater::read_codes(step& s) noexcept {
  for (;;) {
    if (s.to >= s.to_limit) {
      return next::output;
    }
    if (static_cast<std::size_t>(s.from_end - s.from) >= inflate_loop::reads_ahead) {
      switch (avx2_bmi2_ ? inflate_loop::run_bmi2(*this, s) : inflate_loop::run(*this, s)) {
      case inflate_loop::left::margin: break;
      case inflate_loop::left::block: return end_block();
      case inflate_loop::left::bad: return refuse();
      }
      continue;
    }
    fill(s);
    if (const next n = read_one(s); n != next::phase || phase_ != phase::codes) {
      return n;
    }
  }
}

// Literals, a match, both or the block's end: what one entry stands for. Consumes nothing if not all of it is there.
inflater::next inflater::read_one(step& s) noexcept {
  unsigned used = 0;
  const auto look_up = [this, &used](const std::uint32_t* table, unsigned width) {
    std::uint32_t entry = table[bits_ >> used & ((1U << width) - 1)];
    if (literals_of(entry) == 0 && (table != litlen_codes_ || (entry & special) != 0) && kind_of(entry) == link) {
      used += width;
      entry = table[value_of(entry) + (bits_ >> used & ((1U << code_bits_of(entry)) - 1))];
    }
    used += bits_of(entry);
    return entry;
  };
  const std::uint32_t entry = look_up(litlen_codes_, litlen_bits);
  if (used > count_) {
    return next::input;
  }
  std::size_t length = 0;
  if ((entry & special) == 0) {
    length = inflate_loop::length_of(entry, bits_ >> (used - bits_of(entry)));
  } else if (kind_of(entry) == end) {
    drop(used);
    return end_block();
  } else {
    return refuse();
  }
  const unsigned literals = literals_of(entry);
  std::size_t distance = 0;
  if (length != 0) {
    const std::uint32_t far = look_up(distance_codes_, distance_bits);
    if (used > count_) {
      return next::input;
    }
    if (kind_of(far) == invalid) {
      return refuse();
    }
    distance =
        value_of(far) + ((bits_ >> (used - bits_of(far)) & ((std::uint64_t{1} << bits_of(far)) - 1)) >> code_bits_of(far));
    if (distance > static_cast<std::size_t>(s.to - s.oldest) + literals) {
      return refuse();
    }
  }
  drop(used);
  for (unsigned i = 0; i < literals; ++i) {
    *s.to++ = static_cast<std::uint8_t>(entry >> (8 + 8 * i));
  }
  if (length != 0) {
    inflate_loop::copy(s.to, distance, length);
    s.to += length;
  }
  return next::phase;
}

inflater::next inflater::read_trailer() noexcept {
  if (count_ < 32) {
    return next::input;
  }
  const std::uint32_t read = peek(32);
  checksum_ = read << 24 | (read & 0xFF00U) << 8 | (read >> 8 & 0xFF00U) | read >> 24;
  drop(32);
  phase_ = phase::end;
  return next::phase;
}

} // namespace weir::png
