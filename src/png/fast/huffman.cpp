#include "huffman.hpp"

#include <bit>
#include <cstring>

namespace weir::png {
namespace {

using namespace code;

struct span_of_values {
  std::uint16_t base;
  std::uint8_t extra;
};
constexpr std::array<span_of_values, 30> distance_spans = {
    {{1, 0},    {2, 0},    {3, 0},     {4, 0},     {5, 1},     {7, 1},     {9, 2},     {13, 2},     {17, 3},     {25, 3},
     {33, 4},   {49, 4},   {65, 5},    {97, 5},    {129, 6},   {193, 6},   {257, 7},   {385, 7},    {513, 8},    {769, 8},
     {1025, 9}, {1537, 9}, {2049, 10}, {3073, 10}, {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}}};

constexpr std::uint32_t number_entry(span_of_values v) noexcept { return std::uint32_t{v.base} << 14 | number | v.extra; }

// Entries of symbols before the length of their code is added.
constexpr std::uint32_t length_entry(std::uint32_t index) noexcept { return index << 24 | length_spans[index].extra; }
constexpr std::array<std::uint32_t, 288> make_litlen_entries() noexcept {
  std::array<std::uint32_t, 288> entries{};
  for (std::uint32_t s = 0; s < entries.size(); ++s) {
    entries[s] = s < 256    ? s << 8 | one_literal
                 : s == 256 ? special | end
                 : s < 286  ? length_entry(s - 256)
                            : special | invalid;
  }
  return entries;
}
constexpr std::array<std::uint32_t, 288> litlen_entries = make_litlen_entries();

// Literals have no room for the length of their code, and need none.
constexpr std::uint32_t with_code_bits(std::uint32_t entry, unsigned bits) noexcept {
  return entry + bits + (literals_of(entry) == 0 ? bits << 8 : 0);
}

constexpr std::uint32_t reversed(std::uint32_t word, unsigned bits) noexcept {
  std::uint32_t r = 0;
  for (; bits > 0; --bits, word >>= 1) {
    r = r << 1 | (word & 1U);
  }
  return r;
}

// Codes of 7 to 9 bits, as deflate fixes them.
constexpr std::array<std::uint32_t, std::size_t{1} << litlen_bits> make_fixed_litlen() noexcept {
  std::array<std::uint32_t, std::size_t{1} << litlen_bits> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const std::uint32_t nine = reversed(i, 9);
    const std::uint32_t eight = nine >> 1;
    const std::uint32_t seven = nine >> 2;
    table[i] = seven < 24    ? with_code_bits(litlen_entries[256 + seven], 7)
               : eight < 192 ? with_code_bits(litlen_entries[eight - 48], 8)
               : eight < 200 ? with_code_bits(litlen_entries[280 + eight - 192], 8)
                             : with_code_bits(litlen_entries[144 + nine - 400], 9);
  }
  return table;
}
constexpr std::array<std::uint32_t, std::size_t{1} << litlen_bits> fixed_litlen_table = make_fixed_litlen();

constexpr std::array<std::uint32_t, std::size_t{1} << distance_bits> make_fixed_distances() noexcept {
  std::array<std::uint32_t, std::size_t{1} << distance_bits> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const std::uint32_t symbol = reversed(i, 5);
    table[i] = with_code_bits(symbol < distance_spans.size() ? number_entry(distance_spans[symbol]) : invalid, 5);
  }
  return table;
}
constexpr std::array<std::uint32_t, std::size_t{1} << distance_bits> fixed_distance_table = make_fixed_distances();

// A canonical code on its way into a table. Codes are taken in order of length, then symbol, and kept bit-reversed.
class builder {
public:
  builder(std::uint32_t* table, unsigned width, const std::uint8_t* lengths, std::size_t symbols,
          bool special_links = false) noexcept
      : table_(table), link_(special_links ? special | link : link), width_(width) {
    for_each_code(lengths, symbols, [this](std::size_t, std::uint8_t length) { ++counts_[length]; });
    std::array<std::uint16_t, longest + 2> at{};
    for (unsigned n = 1; n <= longest; ++n) {
      at[n + 1] = static_cast<std::uint16_t>(at[n] + counts_[n]);
      left_ = left_ * 2 - counts_[n];
      oversubscribed_ = oversubscribed_ || left_ < 0;
    }
    used_ = at[longest + 1];
    for_each_code(lengths, symbols, [this, &at](std::size_t symbol, std::uint8_t length) {
      sorted_[at[length]++] = static_cast<std::uint16_t>(symbol);
    });
  }

  [[nodiscard]] bool complete() const noexcept { return !oversubscribed_ && left_ == 0; }
  [[nodiscard]] bool empty() const noexcept { return used_ == 0; }
  [[nodiscard]] bool one_bit() const noexcept { return used_ == 1 && counts_[1] == 1; }

  template<class Entry> void fill_incomplete(Entry entry) noexcept {
    constexpr std::uint32_t none = special | invalid | 1U;
    const std::uint32_t one = empty() ? none : with_code_bits(entry(sorted_[0]), 1);
    for (std::size_t i = 0; i < std::size_t{1} << width_; ++i) {
      table_[i] = (i & 1U) == 0 ? one : none;
    }
  }

  template<class Entry> void fill(Entry entry) noexcept {
    unsigned length = 1;
    while (counts_[length] == 0) {
      ++length;
    }
    if (length <= width_ && fill_short(entry, length)) {
      return;
    }
    fill_long(entry, length);
  }

private:
  // The symbols that have codes, in order. In small images most have none: eight are passed over at a time.
  template<class Each> static void for_each_code(const std::uint8_t* lengths, std::size_t symbols, Each each) noexcept {
    std::size_t s = 0;
    for (; s + 8 <= symbols; s += 8) {
      std::uint64_t word;
      std::memcpy(&word, lengths + s, sizeof(word));
      if constexpr (std::endian::native == std::endian::big) {
        word = __builtin_bswap64(word);
      }
      for (word = (word + 0x7F7F7F7F7F7F7F7F) & 0x8080808080808080; word != 0; word &= word - 1) {
        const std::size_t at = s + static_cast<std::size_t>(std::countr_zero(word)) / 8;
        each(at, lengths[at]);
      }
    }
    for (; s < symbols; ++s) {
      if (lengths[s] != 0) {
        each(s, lengths[s]);
      }
    }
  }

  // The next code in bit-reversed order of the same length. Not for the last one, which is all ones.
  static std::uint32_t next(std::uint32_t word, std::uint32_t ones) noexcept {
    const std::uint32_t bit = std::bit_floor(word ^ ones);
    return (word & (bit - 1)) | bit;
  }

  // Codes that fit the table: the table as far as it is, doubled for each bit more. True: there are no others.
  template<class Entry> bool fill_short(Entry entry, unsigned& length) noexcept {
    std::size_t size = std::size_t{1} << length;
    for (;;) {
      for (; counts_[length] != 0; --counts_[length]) {
        table_[word_] = with_code_bits(entry(sorted_[taken_++]), length);
        if (word_ == size - 1) {
          for (; length < width_; ++length, size *= 2) {
            std::memcpy(table_ + size, table_, size * sizeof(*table_));
          }
          return true;
        }
        word_ = next(word_, static_cast<std::uint32_t>(size - 1));
      }
      if (++length > width_) {
        break;
      }
      std::memcpy(table_ + size, table_, size * sizeof(*table_));
      size *= 2;
    }
    return false;
  }

  template<class Entry> void fill_long(Entry entry, unsigned length) noexcept {
    const std::uint32_t mask = (1U << width_) - 1;
    std::uint32_t prefix = ~0U;
    std::size_t start = 0;
    std::size_t end_of_table = std::size_t{1} << width_;
    for (;;) {
      while (counts_[length] == 0) {
        ++length;
      }
      if ((word_ & mask) != prefix) {
        prefix = word_ & mask;
        start = end_of_table;
        const unsigned bits = subtable_bits(length);
        end_of_table = start + (std::size_t{1} << bits);
        table_[prefix] = link_ | static_cast<std::uint32_t>(start) << 14 | bits << 8 | width_;
      }
      const std::uint32_t e = with_code_bits(entry(sorted_[taken_++]), length - width_);
      for (std::size_t i = start + (word_ >> width_); i < end_of_table; i += std::size_t{1} << (length - width_)) {
        table_[i] = e;
      }
      const std::uint32_t ones = (1U << length) - 1;
      if (word_ == ones) {
        return;
      }
      word_ = next(word_, ones);
      --counts_[length];
    }
  }

  // Wide enough for all the codes with the same prefix, of which the first has this length.
  [[nodiscard]] unsigned subtable_bits(unsigned length) const noexcept {
    unsigned bits = length - width_;
    std::uint32_t space = counts_[length];
    while (space < 1U << bits) {
      ++bits;
      space = space * 2 + counts_[width_ + bits];
    }
    return bits;
  }

  std::uint32_t* table_;
  std::uint32_t link_;
  unsigned width_;
  std::array<std::uint16_t, longest + 1> counts_{};
  std::array<std::uint16_t, 288> sorted_; // as many as used
  std::int32_t left_ = 1;                 // codes of the longest length that are not taken
  std::size_t used_ = 0;
  bool oversubscribed_ = false;
  std::uint32_t word_ = 0;
  std::size_t taken_ = 0;
};

} // namespace

bool build_litlen(std::uint32_t* table, const std::uint8_t* lengths, std::size_t symbols) noexcept {
  builder b(table, litlen_bits, lengths, symbols, true);
  const auto entry = [](std::size_t symbol) { return litlen_entries[symbol]; };
  if (b.complete()) {
    b.fill(entry);
    return true;
  }
  if (b.one_bit()) {
    b.fill_incomplete(entry);
    return true;
  }
  return false;
}

bool build_distances(std::uint32_t* table, const std::uint8_t* lengths, std::size_t symbols, std::size_t usable) noexcept {
  builder b(table, distance_bits, lengths, symbols);
  const auto entry = [usable](std::size_t symbol) -> std::uint32_t {
    return symbol < usable ? number_entry(distance_spans[symbol]) : invalid;
  };
  if (b.complete()) {
    b.fill(entry);
    return true;
  }
  if (b.one_bit() || b.empty()) {
    b.fill_incomplete(entry);
    return true;
  }
  return false;
}

bool build_precode(std::uint32_t* table, const std::uint8_t* lengths) noexcept {
  builder b(table, precode_bits, lengths, 19);
  if (!b.complete()) {
    return false;
  }
  b.fill([](std::size_t symbol) { return static_cast<std::uint32_t>(symbol) << 14; });
  return true;
}

const std::uint32_t* fixed_litlen() noexcept { return fixed_litlen_table.data(); }
const std::uint32_t* fixed_distances() noexcept { return fixed_distance_table.data(); }

} // namespace weir::png
