#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <zlib.h>

#include "../../../conformance/bit_writer.hpp"
#include "../../../conformance/chunks.hpp"
#include "../../../conformance/deflate_writer.hpp"
#include "../../../conformance/dice.hpp"
#include "../../../conformance/prefix_code.hpp"

namespace weir::forge {

/// A zlib stream that no compressor would write: first come the codes, and then whatever can be said with them. What takes the
/// most bits that a code can take, an inner loop meets here all the time, and nowhere else in years.
struct any_stream {
  bytes stream;
  bytes data; ///< what it stands for, if it is legal
};

/// Lengths and distances begin with this, for each symbol of theirs from 0 on, and as many extra bits are added.
struct span_of_symbol {
  std::uint32_t base;
  unsigned extra_bits;
};
constexpr span_of_symbol length_span(std::uint32_t symbol) {
  if (symbol < 8 || symbol == 28) {
    return {symbol < 8 ? 3 + symbol : 258, 0};
  }
  const unsigned bits = symbol / 4 - 1;
  return {((4 + symbol % 4) << bits) + 3, bits};
}
constexpr span_of_symbol distance_span(std::uint32_t symbol) {
  if (symbol < 4) {
    return {1 + symbol, 0};
  }
  const unsigned bits = symbol / 2 - 1;
  return {((2 + symbol % 2) << bits) + 1, bits};
}

class any_stream_writer {
public:
  /// One that isn't legal is that by chance, mostly.
  any_stream_writer(dice& d, bool legal) : dice_(&d), legal_(legal), window_bits_(d.one_in(4) ? d.between(8, 15) : 15) {}

  any_stream write() {
    for (unsigned left = dice_->below(4) + 1; left > 0; --left) {
      out_.put(left == 1 ? 1 : 0, 1);
      block();
    }
    any_stream all{zlib_header(window_bits_), {}};
    const bytes blocks = std::move(out_).take();
    all.stream.insert(all.stream.end(), blocks.begin(), blocks.end());
    chunks::put(all.stream, static_cast<std::uint32_t>(adler32(1, data_.data(), static_cast<uInt>(data_.size()))));
    all.data = std::move(data_);
    return all;
  }

private:
  using symbols = std::vector<std::uint32_t>;

  static constexpr std::uint32_t end_of_block = 256;
  static constexpr std::uint32_t litlens = 286;
  static constexpr std::uint32_t distances = 30;
  static constexpr std::size_t most_data = 100'000; // three windows

  // What a block likes to write.
  enum class liking : std::uint8_t { anything, short_codes, long_codes, many_bits };

  // What can be written with a code: its symbols, the shortest codes first; and some with those that take the most bits.
  struct choice {
    symbols by_length;
    std::vector<symbols> widest;
  };

  struct copy {
    std::uint32_t symbol; // of the distance
    std::uint32_t distance;
  };

  void block() {
    if (dice_->one_in(6)) {
      out_.put(0, 2);
      stored();
    } else if (dice_->one_in(5)) {
      out_.put(1, 2);
      coded(fixed_lengths(), fixed_distances());
    } else {
      out_.put(2, 2);
      dynamic();
    }
  }

  void stored() {
    const std::uint32_t n = dice_->below(dice_->one_in(3) ? 5000 : 40);
    out_.align();
    out_.put(n, 16);
    out_.put(~n, 16);
    bytes raw(n);
    std::generate(raw.begin(), raw.end(), [this] { return dice_->byte(); });
    out_.append(raw);
    data_.insert(data_.end(), raw.begin(), raw.end());
  }

  // Any of the symbols below `all`, as many as `n`.
  symbols some(std::uint32_t all, std::size_t n) {
    symbols list(all);
    std::iota(list.begin(), list.end(), 0U);
    for (std::size_t i = 0; i < n; ++i) {
      std::swap(list[i], list[i + dice_->below(list.size() - i)]);
    }
    list.resize(n);
    return list;
  }

  // The lengths of the codes are told with one code of four bits for each of them.
  void dynamic() {
    constexpr std::array<unsigned, 4> limits = {11, 11, 12, 15};
    symbols used = some(litlens, dice_->one_in(4) ? litlens : dice_->below(dice_->one_in(2) ? 12 : litlens));
    if (std::find(used.begin(), used.end(), end_of_block) == used.end()) {
      used.push_back(end_of_block);
    }
    const unsigned longest = dice_->one_in(4) ? dice_->between(9, 15) : dice_->pick(limits);
    const prefix_code of_litlens(any_lengths(litlens, std::move(used), longest, *dice_));
    const std::size_t n = dice_->one_in(8) ? dice_->below(2) : dice_->one_in(2) ? distances : dice_->between(2, distances);
    symbols used_distances = some(distances, n);
    const unsigned longest_distance = dice_->one_in(2) ? 8 : 15;
    const prefix_code of_distances(any_lengths(distances, std::move(used_distances), longest_distance, *dice_));
    out_.put(litlens - 257, 5);
    out_.put(distances - 1, 5);
    out_.put(19 - 4, 4);
    const prefix_code flat(std::vector<std::uint8_t>(16, 4));
    for (unsigned i = 0; i < 19; ++i) {
      out_.put(i < 3 ? 0 : 4, 3); // the repetitions come first
    }
    for (const prefix_code* code : {&of_litlens, &of_distances}) {
      for (const std::uint8_t length : code->lengths()) {
        flat.put(out_, length);
      }
    }
    coded(of_litlens, of_distances);
  }

  // Of the symbols from `from` to `to` those that take the most bits, with codes of `longest` at most.
  template<class Span>
  static symbols widest(const prefix_code& code, std::uint32_t from, std::uint32_t to, unsigned longest, Span span) {
    symbols found;
    unsigned most = 0;
    for (std::uint32_t s = from; s < to; ++s) {
      const unsigned length = code.lengths().at(s);
      const unsigned bits = length + span(s).extra_bits;
      if (length == 0 || length > longest || bits < most) {
        continue;
      }
      if (bits > most) {
        found.clear();
      }
      most = bits;
      found.push_back(s);
    }
    return found;
  }

  static choice choice_of(const prefix_code& code, std::uint32_t all) {
    choice c;
    for (std::uint32_t s = 0; s < all; ++s) {
      if (code.lengths().at(s) != 0 && s != end_of_block) {
        c.by_length.push_back(s);
      }
    }
    const auto shorter = [&code](std::uint32_t a, std::uint32_t b) { return code.lengths().at(a) < code.lengths().at(b); };
    std::stable_sort(c.by_length.begin(), c.by_length.end(), shorter);
    return c;
  }

  // Twice as many literals as lengths. Codes of up to 11 bits, or 9, are looked up at once, longer ones behind a link.
  static choice litlens_of(const prefix_code& code) {
    choice c = choice_of(code, litlens);
    for (const unsigned longest : {11U, 15U}) {
      const symbols literals = widest(code, 0, end_of_block, longest, [](std::uint32_t) { return span_of_symbol{0, 0}; });
      c.widest.insert(c.widest.end(), 2, literals);
      c.widest.push_back(widest(code, 257, litlens, longest, [](std::uint32_t s) { return length_span(s - 257); }));
    }
    return c;
  }
  static choice distances_of(const prefix_code& code) {
    choice c = choice_of(code, distances);
    for (const unsigned longest : {8U, 15U}) {
      c.widest.push_back(widest(code, 0, distances, longest, distance_span));
    }
    return c;
  }

  std::uint32_t chosen(const choice& from, liking like) {
    const symbols& all = from.by_length;
    const std::uint32_t one_of_few = dice_->below(std::min<std::size_t>(all.size(), 6));
    switch (like) {
    case liking::short_codes: return all[one_of_few];
    case liking::long_codes: return all[all.size() - 1 - one_of_few];
    case liking::many_bits:
      if (const symbols& widest = dice_->pick(from.widest); !widest.empty() && !dice_->one_in(8)) {
        return dice_->pick(widest);
      }
      break;
    case liking::anything: break;
    }
    return dice_->pick(all);
  }

  void coded(const prefix_code& of_litlens, const prefix_code& of_distances) {
    const choice litlen = litlens_of(of_litlens);
    const choice distance = distances_of(of_distances);
    const auto like = static_cast<liking>(dice_->below(4));
    const std::uint32_t n = litlen.by_length.empty() ? 0 : dice_->below(dice_->one_in(3) ? 30 : 3000);
    for (std::uint32_t i = 0; i < n && data_.size() < most_data; ++i) {
      const std::uint32_t symbol = chosen(litlen, like);
      if (symbol < end_of_block) {
        of_litlens.put(out_, symbol);
        data_.push_back(static_cast<std::uint8_t>(symbol));
      } else if (const std::optional<copy> c = some_copy(distance, like)) {
        of_litlens.put(out_, symbol);
        match(length_span(symbol - 257), *c, of_distances);
      } else if (!legal_ && dice_->one_in(50)) {
        of_litlens.put(out_, symbol); // and no distance
      }
      if (!legal_ && dice_->one_in(1000)) {
        out_.put(static_cast<std::uint32_t>(dice_->next()), 20);
      }
    }
    of_litlens.put(out_, end_of_block);
  }

  // How far back a copy may reach.
  [[nodiscard]] std::size_t reach() const { return std::min(data_.size(), std::size_t{1} << (legal_ ? window_bits_ : 15)); }

  // Distances that fit, and often the longest of them; or, in a stream with flaws, one more than there is.
  std::optional<copy> some_copy(const choice& from, liking like) {
    if (!legal_ && dice_->one_in(100)) {
      return copy_from(from, data_.size() + 1);
    }
    if (dice_->one_in(10)) {
      if (const std::optional<copy> oldest = copy_from(from, reach())) {
        return oldest;
      }
    }
    for (int tries = 0; tries < 4 && !from.by_length.empty(); ++tries) {
      const std::uint32_t symbol = chosen(from, tries == 0 ? like : liking::anything);
      const auto [base, extra_bits] = distance_span(symbol);
      const std::uint32_t extra = dice_->one_in(2) ? 0 : dice_->below(std::size_t{1} << extra_bits);
      if (base + extra <= reach()) {
        return copy{symbol, base + extra};
      }
    }
    return {};
  }
  static std::optional<copy> copy_from(const choice& from, std::size_t distance) {
    for (const std::uint32_t symbol : from.by_length) {
      const auto [base, extra_bits] = distance_span(symbol);
      if (distance >= base && distance < base + (std::size_t{1} << extra_bits)) {
        return copy{symbol, static_cast<std::uint32_t>(distance)};
      }
    }
    return {};
  }

  void match(const span_of_symbol& length, const copy& c, const prefix_code& of_distances) {
    const std::size_t values = std::size_t{1} << length.extra_bits;
    const std::uint32_t extra = dice_->one_in(2) ? static_cast<std::uint32_t>(values - 1) : dice_->below(values);
    out_.put(extra, length.extra_bits);
    of_distances.put(out_, c.symbol);
    const auto [base, extra_bits] = distance_span(c.symbol);
    out_.put(c.distance - base, extra_bits);
    for (std::uint32_t i = 0; i < length.base + extra; ++i) {
      data_.push_back(c.distance > data_.size() ? std::uint8_t{0} : data_[data_.size() - c.distance]);
    }
  }

  dice* dice_;
  bool legal_;
  unsigned window_bits_;
  bit_writer out_;
  bytes data_;
};

inline any_stream make_any_stream(dice& d, bool legal) { return any_stream_writer(d, legal).write(); }

} // namespace weir::forge
