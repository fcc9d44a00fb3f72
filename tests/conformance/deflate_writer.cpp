#include "deflate_writer.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

#include <zlib.h>

#include "bit_writer.hpp"
#include "chunks.hpp"
#include "matcher.hpp"
#include "prefix_code.hpp"

namespace weir::forge {
namespace {

struct word {
  std::uint32_t symbol;
  std::uint32_t extra;
  unsigned extra_bits;
};

constexpr std::array<std::uint16_t, 29> length_bases = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                        31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::uint32_t end_of_block = 256;

word length_word(unsigned length, bool as_284) {
  if (length == 258 && as_284) {
    return {284, 31, 5};
  }
  const auto code =
      static_cast<std::uint32_t>(std::upper_bound(length_bases.begin(), length_bases.end(), length) - length_bases.begin() - 1);
  return {257 + code, length - length_bases.at(code), code < 8 || code == 28 ? 0 : (code - 4) / 4};
}

word distance_word(unsigned distance) {
  const unsigned d = distance - 1;
  if (d < 4) {
    return {d, 0, 0};
  }
  unsigned bits = 1;
  while (d >> (bits + 2) != 0) {
    ++bits;
  }
  return {2 * bits + (d >> bits), d & ((1U << bits) - 1), bits};
}

class stream {
public:
  stream(std::span<const std::uint8_t> raw, const block_manner& manner, dice& d)
      : raw_(raw), manner_(manner), dice_(&d), matcher_(raw, reach(manner), d), flaw_at_(d.below(raw.size() + 1)) {}

  bytes write() {
    const std::array<std::size_t, 4> sizes = {60'000, 4000, 500, 30};
    const std::size_t largest = dice_->pick(sizes);
    const bool empty_ones = dice_->one_in(3);
    std::size_t at = 0;
    bool last = false;
    while (!last) {
      const std::size_t most = std::min(largest, raw_.size() - at);
      const std::size_t n = empty_ones && dice_->one_in(3) ? 0 : most == 0 ? 0 : dice_->between((most + 1) / 2, most);
      last = at + n == raw_.size() && !(empty_ones && dice_->one_in(2));
      block(at, at + n, last && manner_.flaw != deflate_flaw::no_last_block);
      at += n;
    }
    return std::move(out_).take();
  }

private:
  static std::size_t reach(const block_manner& m) {
    return std::size_t{1} << (m.flaw == deflate_flaw::past_window ? 15 : m.window_bits);
  }
  bool flawed(deflate_flaw f) const { return here_ && manner_.flaw == f; }
  bool flawed_from(deflate_flaw first, deflate_flaw last) const {
    return here_ && manner_.flaw >= first && manner_.flaw <= last;
  }

  void block(std::size_t from, std::size_t to, bool last) {
    here_ = !done_ && (to >= flaw_at_ || last);
    done_ = done_ || here_;
    unsigned type = dice_->below(3);
    if (flawed(deflate_flaw::block_type_3)) {
      type = 3;
    } else if (flawed(deflate_flaw::stored_complement)) {
      type = 0;
    } else if (flawed_from(deflate_flaw::length_286, deflate_flaw::distance_30)) {
      type = 1;
    } else if (flawed_from(deflate_flaw::too_many_codes, deflate_flaw::repeat_past_the_end)) {
      type = 2;
    } else if (flawed(deflate_flaw::too_far) && type == 0) {
      type = 1;
    }
    out_.put(last ? 1 : 0, 1);
    out_.put(type, 2);
    std::vector<token> tokens = matcher_.tokens(from, to); // of stored blocks too: they are history
    if (type == 0) {
      stored(raw_.subspan(from, to - from));
      return;
    }
    if (flawed(deflate_flaw::too_far) && to < 32'700) {
      tokens.push_back({3, static_cast<std::uint16_t>(dice_->between(to + 1, 32'768)), 0});
    }
    if (type == 1) {
      coded(tokens, fixed_lengths(), fixed_distances());
    } else if (type == 2) {
      dynamic(tokens);
    }
  }

  void stored(std::span<const std::uint8_t> data) {
    const auto n = static_cast<std::uint32_t>(data.size());
    out_.align();
    out_.put(n, 16);
    out_.put(~n ^ (flawed(deflate_flaw::stored_complement) ? 1U << dice_->below(16) : 0), 16);
    out_.append(data);
  }

  void put(const prefix_code& code, const word& w) {
    code.put(out_, w.symbol);
    out_.put(w.extra, w.extra_bits);
  }

  void coded(const std::vector<token>& tokens, const prefix_code& lengths, const prefix_code& distances) {
    for (const token& t : tokens) {
      if (t.length == 0) {
        lengths.put(out_, t.literal);
        continue;
      }
      put(lengths, length_word(t.length, as_284_));
      put(distances, distance_word(t.distance));
    }
    if (flawed(deflate_flaw::length_286)) {
      lengths.put(out_, 286 + dice_->below(2));
    } else if (flawed(deflate_flaw::distance_30)) {
      lengths.put(out_, 257);
      distances.put(out_, 30 + dice_->below(2));
    }
    if (lengths.lengths().at(end_of_block) != 0) {
      lengths.put(out_, end_of_block);
    }
  }

  // The dice are thrown in an order that the language fixes: compilers differ in that of operands and arguments.
  std::uint32_t some_below(std::uint32_t n) {
    const bool none = dice_->one_in(2);
    return none ? 0 : dice_->below(n);
  }

  // Those that the tokens use, and some that nobody uses.
  static std::vector<std::uint32_t> used_of(std::vector<bool>& used, std::size_t others, dice& d) {
    for (std::size_t i = 0; i < others; ++i) {
      used[d.below(used.size())] = true;
    }
    std::vector<std::uint32_t> symbols;
    for (std::uint32_t s = 0; s < used.size(); ++s) {
      if (used[s]) {
        symbols.push_back(s);
      }
    }
    return symbols;
  }

  void spoil(std::vector<std::uint8_t>& lengths) {
    const bool more = flawed(deflate_flaw::too_many_codes);
    if (!more && !flawed(deflate_flaw::too_few_codes)) {
      return;
    }
    for (std::uint8_t& n : lengths) {
      if (n > 1 && n < 15) {
        n = static_cast<std::uint8_t>(more ? n - 1 : n + 1);
        return;
      }
    }
  }

  void dynamic(const std::vector<token>& tokens) {
    as_284_ = dice_->one_in(2);
    std::vector<bool> lengths_used(286);
    std::vector<bool> distances_used(30);
    lengths_used[end_of_block] = true;
    for (const token& t : tokens) {
      lengths_used[t.length == 0 ? t.literal : length_word(t.length, as_284_).symbol] = true;
      if (t.length != 0) {
        distances_used[distance_word(t.distance).symbol] = true;
      }
    }
    std::vector<std::uint32_t> symbols = used_of(lengths_used, some_below(40), *dice_);
    if (flawed(deflate_flaw::no_end_code)) {
      symbols.erase(std::find(symbols.begin(), symbols.end(), end_of_block));
    }
    const std::vector<std::uint32_t> distance_symbols = used_of(distances_used, some_below(6), *dice_);
    std::vector<std::uint8_t> lengths = any_lengths(286, symbols, dice_->between(9, 15), *dice_);
    std::vector<std::uint8_t> distances = any_lengths(30, distance_symbols, dice_->between(5, 15), *dice_);
    const bool at_distances = dice_->one_in(3);
    spoil(at_distances ? distances : lengths);
    const prefix_code of_lengths(lengths);
    const prefix_code of_distances(distances);
    trim(lengths, 257);
    trim(distances, 1);
    if (flawed(deflate_flaw::too_many_lengths)) {
      lengths.resize(287 + dice_->below(2));
    } else if (flawed(deflate_flaw::too_many_distances)) {
      distances.resize(31 + dice_->below(2));
    }
    out_.put(static_cast<std::uint32_t>(lengths.size() - 257), 5);
    out_.put(static_cast<std::uint32_t>(distances.size() - 1), 5);
    lengths.insert(lengths.end(), distances.begin(), distances.end());
    code_lengths(lengths);
    coded(tokens, of_lengths, of_distances);
  }

  // Off with zeros at the end; mostly.
  void trim(std::vector<std::uint8_t>& lengths, std::size_t least) {
    const std::size_t most = dice_->one_in(4) ? dice_->between(least, lengths.size()) : least;
    while (lengths.size() > most && lengths.back() == 0) {
      lengths.pop_back();
    }
  }

  std::vector<word> runs_of(const std::vector<std::uint8_t>& lengths) {
    std::vector<word> words;
    if (flawed(deflate_flaw::repeat_of_nothing)) {
      words.push_back({16, 0, 2});
    }
    for (std::size_t at = 0; at < lengths.size();) {
      std::size_t run = 1;
      while (at + run < lengths.size() && lengths[at + run] == lengths[at]) {
        ++run;
      }
      std::size_t n = 1;
      const bool plain = dice_->one_in(5);
      if (!plain && lengths[at] == 0 && run >= 11 && !dice_->one_in(4)) {
        n = std::min<std::size_t>(run, 138);
        words.push_back({18, static_cast<std::uint32_t>(n - 11), 7});
      } else if (!plain && lengths[at] == 0 && run >= 3) {
        n = dice_->between(3, std::min<std::size_t>(run, 10));
        words.push_back({17, static_cast<std::uint32_t>(n - 3), 3});
      } else if (!plain && at > 0 && lengths[at] == lengths[at - 1] && run >= 3) {
        n = dice_->between(3, std::min<std::size_t>(run, 6));
        words.push_back({16, static_cast<std::uint32_t>(n - 3), 2});
      } else {
        words.push_back({lengths[at], 0, 0});
      }
      at += n;
    }
    if (flawed(deflate_flaw::repeat_past_the_end)) {
      words.back() = {18, 127, 7};
    }
    return words;
  }

  void code_lengths(const std::vector<std::uint8_t>& lengths) {
    constexpr std::array<std::uint8_t, 19> order = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const std::vector<word> words = runs_of(lengths);
    std::vector<bool> used(19);
    for (const word& w : words) {
      used[w.symbol] = true;
    }
    std::vector<std::uint32_t> symbols = used_of(used, dice_->below(4), *dice_);
    if (symbols.size() == 1) { // this code may not be of one word
      symbols.push_back(symbols.front() == 0 ? 1 : 0);
    }
    const prefix_code code(any_lengths(19, symbols, dice_->between(5, 7), *dice_));
    std::size_t n = order.size();
    while (n > 4 && code.lengths().at(order.at(n - 1)) == 0) {
      --n;
    }
    out_.put(static_cast<std::uint32_t>(n - 4), 4);
    for (std::size_t i = 0; i < n; ++i) {
      out_.put(code.lengths().at(order.at(i)), 3);
    }
    for (const word& w : words) {
      put(code, w);
    }
  }

  std::span<const std::uint8_t> raw_;
  block_manner manner_;
  dice* dice_;
  matcher matcher_;
  std::size_t flaw_at_;
  bit_writer out_;
  bool here_ = false; // the flaw goes into this block
  bool done_ = false;
  bool as_284_ = false; // lengths of 258 are written as 227 + 31
};

} // namespace

bytes deflated(std::span<const std::uint8_t> raw, const block_manner& manner, dice& d) {
  bytes to = zlib_header(manner.window_bits, d.below(4));
  const bytes blocks = stream(raw, manner, d).write();
  to.insert(to.end(), blocks.begin(), blocks.end());
  if (manner.flaw != deflate_flaw::no_adler) {
    const auto sum = static_cast<std::uint32_t>(adler32(1, raw.data(), static_cast<uInt>(raw.size())));
    chunks::put(to, manner.flaw == deflate_flaw::bad_adler ? sum ^ 1U << d.below(32) : sum);
  }
  if (manner.flaw == deflate_flaw::trailing_bytes) {
    const std::size_t more = d.between(1, 40);
    to.resize(to.size() + more, d.byte());
  }
  return to;
}

bytes zlib_header(unsigned window_bits, unsigned level, unsigned method, bool dictionary) {
  const unsigned first = (window_bits - 8) << 4 | method;
  unsigned second = level << 6 | (dictionary ? 0x20U : 0);
  second += 31 - (first * 256 + second) % 31;
  return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
}

bytes deflated(std::span<const std::uint8_t> raw, const zlib_manner& manner) {
  z_stream z{};
  if (deflateInit2(&z, manner.level, Z_DEFLATED, manner.window_bits, manner.memory, manner.strategy) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  const std::size_t step = manner.flush_every == 0 ? std::max<std::size_t>(raw.size(), 1) : manner.flush_every;
  bytes to(deflateBound(&z, static_cast<uLong>(raw.size())) + 16 * (raw.size() / step + 1) + 64);
  z.next_out = to.data();
  z.avail_out = static_cast<uInt>(to.size());
  bytes in(raw.begin(), raw.end()); // zlib wants it to be writable
  int result = Z_OK;
  for (std::size_t at = 0; result == Z_OK; at += step) {
    const std::size_t n = std::min(step, in.size() - at);
    z.next_in = in.data() + at;
    z.avail_in = static_cast<uInt>(n);
    result = deflate(&z, at + n == in.size() ? Z_FINISH : Z_FULL_FLUSH);
  }
  deflateEnd(&z);
  if (result != Z_STREAM_END) {
    throw std::runtime_error("deflate");
  }
  to.resize(z.total_out);
  return to;
}

} // namespace weir::forge
