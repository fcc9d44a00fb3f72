// How a block's codes are told: the part of the inflater that runs once a block.
#include "inflate.hpp"

#include <algorithm>
#include <cstring>

#include "join_codes.hpp"

namespace weir::png {

using namespace code;

inflater::next inflater::read_sizes() noexcept {
  if (count_ < 14) {
    return next::input;
  }
  litlens_ = peek(5) + 257;
  distances_ = (peek(10) >> 5) + 1;
  precodes_ = (peek(14) >> 10) + 4;
  drop(14);
  if (litlens_ > 286 || distances_ > 30) {
    return refuse();
  }
  precode_lengths_.fill(0);
  read_ = 0;
  phase_ = phase::precode;
  return next::phase;
}

inflater::next inflater::read_precode(step& s) noexcept {
  constexpr std::array<std::uint8_t, 19> order = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  for (; read_ < precodes_; ++read_) {
    if (count_ < 3) {
      fill(s);
      if (count_ < 3) {
        return next::input;
      }
    }
    precode_lengths_[order[read_]] = static_cast<std::uint8_t>(peek(3));
    drop(3);
  }
  if (!build_precode(precode_.data(), precode_lengths_.data())) {
    return refuse();
  }
  read_ = 0;
  phase_ = phase::lengths;
  return next::phase;
}

inflater::next inflater::read_lengths(step& s) noexcept {
  const std::size_t all = litlens_ + distances_;
  while (read_ < all) {
    if (count_ < precode_bits + 7) {
      fill(s);
    }
    const std::uint32_t entry = precode_[peek(precode_bits)];
    const std::uint32_t symbol = value_of(entry);
    const unsigned bits = bits_of(entry);
    const unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (count_ < bits + extra) {
      return next::input;
    }
    if (symbol < 16) {
      lengths_[read_++] = static_cast<std::uint8_t>(symbol);
      drop(bits);
      continue;
    }
    if (symbol == 16 && read_ == 0) {
      return refuse();
    }
    const std::uint8_t value = symbol == 16 ? lengths_[read_ - 1] : std::uint8_t{0};
    const std::size_t times = (peek(bits + extra) >> bits) + (symbol == 18 ? 11U : 3U);
    drop(bits + extra);
    if (times > all - read_) {
      return refuse();
    }
    std::memset(lengths_.data() + read_, value, times);
    read_ += times;
  }
  if (!use_lengths()) {
    return refuse();
  }
  phase_ = phase::codes;
  return next::phase;
}

bool inflater::use_lengths() noexcept {
  litlen_codes_ = litlen_.data();
  distance_codes_ = distance_.data();
  if (lengths_[256] == 0) { // a block without an end
    return false;
  }
  if (!build_litlen(litlen_.data(), lengths_.data(), litlens_) ||
      !build_distances(distance_.data(), lengths_.data() + litlens_, distances_, usable_distances_)) {
    return false;
  }
  // What it takes is about what two thousand look-ups take; zlib ends a block with 16384 symbols, which take six bits or so
  // each.
  const std::uint64_t symbols = std::min<std::uint64_t>({expected_output_, expected_input_ * 8 / 6, 16384});
  constexpr std::uint64_t pays_from = 2000;
  if (symbols >= pays_from && symbols * joinable(lengths_.data(), litlens_) / 1024 >= pays_from) {
    avx2_bmi2_ ? join_codes_avx2(litlen_.data()) : join_codes(litlen_.data());
  }
  return true;
}

void inflater::use_fixed_codes() noexcept {
  litlen_codes_ = fixed_litlen();
  distance_codes_ = fixed_distances();
  if (usable_distances_ < code::longest * std::size_t{2}) { // a small window
    std::array<std::uint8_t, 32> distances;
    distances.fill(5);
    (void)build_distances(distance_.data(), distances.data(), distances.size(), usable_distances_); // complete
    distance_codes_ = distance_.data();
  }
}

} // namespace weir::png
