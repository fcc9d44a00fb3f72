#include "inflate_loop.hpp"

namespace weir::png {
namespace {

using namespace code;

#if defined(__x86_64__)
#define WEIR_BMI2 __attribute__((target("bmi,bmi2")))
#else
#define WEIR_BMI2
#endif
#define WEIR_INLINE __attribute__((always_inline)) inline

// Two bytes, of which some are literals: what stands behind them is overwritten next.
WEIR_INLINE void store_literals(std::uint8_t* to, std::uint32_t entry) noexcept {
  to[0] = static_cast<std::uint8_t>(entry >> 8);
  to[1] = static_cast<std::uint8_t>(entry >> 16);
}

WEIR_INLINE std::uint64_t low(std::uint64_t v, unsigned bits) noexcept { return v & ((std::uint64_t{1} << bits) - 1); }

} // namespace

// At least 56 bits are there after a refill. An entry that isn't special takes 12 at most; a length takes 20, a distance 28.
#define WEIR_REFILL()                                                                                                          \
  do {                                                                                                                         \
    bits |= inflate_loop::load(from) << (count & 63U);                                                                         \
    from += 7 - ((count >> 3) & 7U);                                                                                           \
    count |= 56;                                                                                                               \
  } while (false)
#define WEIR_CONSUME(n)                                                                                                        \
  do {                                                                                                                         \
    bits >>= (n)&63U;                                                                                                          \
    count -= (n);                                                                                                              \
  } while (false)

namespace {

struct loop_state {
  const std::uint32_t* litlen;
  const std::uint32_t* distance;
  std::uint64_t bits;
  unsigned count;
};

WEIR_INLINE inflate_loop::left loop(loop_state& state, inflater::step& io) noexcept {
  using left = inflate_loop::left;
  const std::uint32_t* const litlen = state.litlen;
  const std::uint32_t* const distances = state.distance;
  std::uint64_t bits = state.bits;
  unsigned count = state.count;
  const std::uint8_t* from = io.from;
  const std::uint8_t* const from_limit = io.from_end - inflate_loop::reads_ahead;
  std::uint8_t* to = io.to;
  std::uint8_t* const to_limit = io.to_limit;
  left why = left::margin;
  while (from <= from_limit && to < to_limit) {
    WEIR_REFILL();
    std::uint64_t before = bits;
    std::uint32_t entry = litlen[low(bits, litlen_bits)];
    store_literals(to, entry);
    to += literals_of(entry);
    WEIR_CONSUME(entry);
    if (tail_of(entry) == 0) {
      before = bits;
      entry = litlen[low(bits, litlen_bits)];
      store_literals(to, entry);
      to += literals_of(entry);
      WEIR_CONSUME(entry);
      if (tail_of(entry) == 0) { // at least 32 bits are left
        before = bits;
        entry = litlen[low(bits, litlen_bits)];
        store_literals(to, entry);
        to += literals_of(entry);
        WEIR_CONSUME(entry);
        if (tail_of(entry) == 0) {
          continue;
        }
      }
    }
    std::size_t length = tail_of(entry) + std::size_t{2};
    if ((entry & special) != 0) {
      if (kind_of(entry) == link) {
        before = bits;
        entry = litlen[value_of(entry) + low(bits, code_bits_of(entry))];
        WEIR_CONSUME(entry);
        if (literals_of(entry) != 0) {
          store_literals(to, entry);
          ++to;
          continue;
        }
      }
      if ((entry & special) == 0) {
        length = tail_of(entry) + std::size_t{2};
      } else if (kind_of(entry) == number) {
        length = value_of(entry) + (low(before, bits_of(entry)) >> code_bits_of(entry));
      } else {
        why = kind_of(entry) == end ? left::block : left::bad;
        break;
      }
    }
    entry = distances[low(bits, distance_bits)];
    WEIR_REFILL();
    if (kind_of(entry) != number) {
      if (kind_of(entry) == link) {
        const std::uint32_t l = entry;
        WEIR_CONSUME(l);
        entry = distances[value_of(l) + low(bits, code_bits_of(l))];
      }
      if (kind_of(entry) == invalid) {
        why = left::bad;
        break;
      }
    }
    const std::size_t distance = value_of(entry) + (low(bits, bits_of(entry)) >> code_bits_of(entry));
    WEIR_CONSUME(entry);
    if (distance > static_cast<std::size_t>(to - io.oldest)) {
      why = left::bad;
      break;
    }
    inflate_loop::copy(to, distance, length);
    to += length;
  }
  count &= 63U;
  state.bits = low(bits, count);
  state.count = count;
  io.from = from;
  io.to = to;
  return why;
}

} // namespace

inflate_loop::left inflate_loop::run(inflater& s, inflater::step& io) noexcept {
  loop_state state{s.litlen_codes_, s.distance_codes_, s.bits_, s.count_};
  const left why = loop(state, io);
  s.bits_ = state.bits;
  s.count_ = state.count;
  return why;
}

WEIR_BMI2 inflate_loop::left inflate_loop::run_bmi2(inflater& s, inflater::step& io) noexcept {
  loop_state state{s.litlen_codes_, s.distance_codes_, s.bits_, s.count_};
  const left why = loop(state, io);
  s.bits_ = state.bits;
  s.count_ = state.count;
  return why;
}

} // namespace weir::png
