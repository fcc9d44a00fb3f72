#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <zlib.h>

#include "png/fast/inflate.hpp"

/// The inflater and zlib, for comparing them.
namespace weir::png::testing {

using bytes = std::vector<std::uint8_t>;

struct inflated {
  bool ended = false; ///< its end and a checksum were found
  bool taken = false; ///< and it is the checksum of the data
  bytes data;
  std::size_t consumed = 0; ///< bytes of the stream, if it ended
};

inline constexpr std::size_t most_inflated = std::size_t{1} << 22; ///< what would be more is not taken

/// In pieces of input and steps of output of these sizes, in a window that is moved when it is full. `expected`: bytes of
/// either, as it is told to the inflater: with many it joins codes.
inline inflated by_steps(const bytes& stream, std::size_t piece, std::size_t step, bool avx2_bmi2,
                         std::uint64_t expected = 1 << 20) {
  const auto state = std::make_unique<inflater>();
  state->start(avx2_bmi2);
  bytes window(inflater::window + std::max<std::size_t>(2 * step, 4096) + inflater::slack);
  std::size_t at = 0;
  inflated result;
  std::size_t given = 0;
  bytes input; // in memory of its own, so that reading past a piece is found under AddressSanitizer
  std::size_t used = 0;
  for (;;) {
    if (at + step + inflater::slack > window.size()) {
      std::memmove(window.data(), window.data() + at - inflater::window, inflater::window);
      at = inflater::window;
    }
    state->expect(expected, expected);
    inflater::step s{input.data() + used, input.data() + input.size(), window.data() + at, window.data() + at + step,
                     window.data()};
    const inflater::outcome how = state->run(s);
    const auto n = static_cast<std::size_t>(s.to - (window.data() + at));
    if (n > step + inflater::slack || s.from > s.from_end) {
      FAIL("went " << n << " bytes in a step of " << step << ", or past the end of a piece");
    }
    result.data.insert(result.data.end(), s.to - n, s.to);
    at += n;
    used = static_cast<std::size_t>(s.from - input.data());
    if (how == inflater::outcome::end) {
      result.ended = true;
      result.taken =
          state->checksum() == adler32(adler32(0, nullptr, 0), result.data.data(), static_cast<uInt>(result.data.size()));
      result.consumed = given - (input.size() - used) - state->excess();
      return result;
    }
    if (how == inflater::outcome::refused || result.data.size() > most_inflated) {
      return result;
    }
    if (how == inflater::outcome::needs_input) {
      const std::size_t size = std::min(piece, stream.size() - given);
      if (used != input.size()) {
        FAIL("wants more, and has left " << input.size() - used << " bytes of a piece");
      }
      if (size == 0) {
        return result;
      }
      const std::uint8_t* const from = stream.data() + given;
      input = bytes(from, from + size);
      given += size;
      used = 0;
    }
  }
}

/// Its data is there as well if it does not take the stream: as far as it came.
inline inflated by_zlib(const bytes& stream) {
  static bytes room(most_inflated);
  z_stream z{};
  REQUIRE(inflateInit(&z) == Z_OK);
  z.next_in = const_cast<Bytef*>(stream.data());
  z.avail_in = static_cast<uInt>(stream.size());
  z.next_out = room.data();
  z.avail_out = static_cast<uInt>(room.size());
  inflated result;
  result.taken = inflate(&z, Z_FINISH) == Z_STREAM_END;
  result.ended = result.taken;
  result.data.assign(room.data(), room.data() + z.total_out);
  result.consumed = z.total_in;
  inflateEnd(&z);
  return result;
}

} // namespace weir::png::testing
