#include "inflate_loop.hpp"

namespace weir::png {
namespace {

using namespace code;

#if defined(__x86_64__)
#define WEIR_BMI2 __attribute__((target("bmi,bmi2")))
#else
#define WEIR_BMI2
#endif
#define WEIR_ALIGNED __attribute__((aligned(64)))
#define WEIR_INLINE __attribute__((always_inline)) inline

// Two bytes, of which some are literals: what stands behind them is overwritten next.
WEIR_INLINE void store_literals(std::uint8_t* to, std::uint32_t entry) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    const auto both = static_cast<std::uint16_t>(entry >> 8);
    std::memcpy(to, &both, sizeof(both));
  } else {
    to[0] = static_cast<std::uint8_t>(entry >> 8);
    to[1] = static_cast<std::uint8_t>(entry >> 16);
  }
}

} // namespace

// At least 56 bits are there after a refill. An entry for literals alone takes 11 at most, a match's length 16 (9 behind a
// link, which takes 11), a distance 28: so 55 on the longest way, literals and then a match. Of the refills behind links one
// would do. The first finds so many bits already there (`fill` was called with eight bytes at least) that it takes none: an
// iteration reads 15 bytes ahead of where it began.
#define WEIR_REFILL()                                                                                                          \
  do {                                                                                                                         \
    bits |= inflate_loop::load(from) << (count & 63U);                                                                         \
    from += 7 - ((count >> 3) & 7U);                                                                                           \
    count |= 56;                                                                                                               \
  } while (false)
// What an entry stands for, but a match, whose length needs the bits from `before` the entry.
#define WEIR_TAKE()                                                                                                            \
  do {                                                                                                                         \
    before = bits;                                                                                                             \
    bits >>= entry & 63U;                                                                                                      \
    count -= entry;                                                                                                            \
    store_literals(to, entry);                                                                                                 \
    to += literals_of(entry);                                                                                                  \
  } while (false)

namespace {

// So far ahead the input is fetched into the cache: the thread that read the file has its bytes in its own. The next piece is
// there by then when its checksum is taken.
constexpr std::size_t read_soon = 8 * 1024;

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
  WEIR_REFILL();
  std::uint32_t entry = litlen[inflate_loop::low(bits, litlen_bits)];
  std::uint64_t before = 0;
  // Here 56 bits are there, and the entry of the next of them is on its way while the rest of the last round is done.
  do {
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(from) + read_soon));
    WEIR_TAKE();
    if (only_literals(entry)) {
      entry = litlen[inflate_loop::low(bits, litlen_bits)];
      WEIR_TAKE();
      if (only_literals(entry)) {
        entry = litlen[inflate_loop::low(bits, litlen_bits)];
        WEIR_REFILL();
        if (only_literals(entry)) {
          WEIR_TAKE();
          entry = litlen[inflate_loop::low(bits, litlen_bits)];
          WEIR_REFILL();
          continue;
        }
        WEIR_TAKE();
      }
    }
    if ((entry & special) != 0) {
      if (kind_of(entry) == link) {
        entry = litlen[value_of(entry) + inflate_loop::low(bits, code_bits_of(entry))];
        WEIR_REFILL();
        WEIR_TAKE();
        if (only_literals(entry)) {
          entry = litlen[inflate_loop::low(bits, litlen_bits)];
          WEIR_REFILL();
          continue;
        }
      }
      if ((entry & special) != 0) {
        why = kind_of(entry) == end ? left::block : left::bad;
        break;
      }
    }
    std::uint32_t far = distances[inflate_loop::low(bits, distance_bits)];
    const std::size_t length = inflate_loop::length_of(entry, before);
    if (kind_of(far) != number) {
      if (kind_of(far) == link) {
        bits >>= distance_bits;
        count -= distance_bits;
        WEIR_REFILL();
        far = distances[value_of(far) + inflate_loop::low(bits, code_bits_of(far))];
      }
      if (kind_of(far) == invalid) {
        why = left::bad;
        break;
      }
    }
    const std::size_t distance = value_of(far) + (inflate_loop::low(bits, bits_of(far)) >> code_bits_of(far));
    bits >>= far & 63U;
    count -= far;
    WEIR_REFILL();
    entry = litlen[inflate_loop::low(bits, litlen_bits)];
    if (distance > static_cast<std::size_t>(to - io.oldest)) {
      why = left::bad;
      break;
    }
    inflate_loop::copy(to, distance, length);
    to += length;
  } while (from <= from_limit && to < to_limit);
  count &= 63U;
  state.bits = inflate_loop::low(bits, count);
  state.count = count;
  io.from = from;
  io.to = to;
  return why;
}

} // namespace

// Both stand where they do not move against cache lines when something else changes: it is worth several per cent.
WEIR_ALIGNED inflate_loop::left inflate_loop::run(inflater& s, inflater::step& io) noexcept {
  loop_state state{s.litlen_codes_, s.distance_codes_, s.bits_, s.count_};
  const left why = loop(state, io);
  s.bits_ = state.bits;
  s.count_ = state.count;
  return why;
}

WEIR_ALIGNED WEIR_BMI2 inflate_loop::left inflate_loop::run_bmi2(inflater& s, inflater::step& io) noexcept {
  loop_state state{s.litlen_codes_, s.distance_codes_, s.bits_, s.count_};
  const left why = loop(state, io);
  s.bits_ = state.bits;
  s.count_ = state.count;
  return why;
}

} // namespace weir::png
