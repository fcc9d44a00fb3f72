#include "decode_fast.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>

#include <libdeflate.h>

#include "ancillary.hpp"
#include "chunk_reader.hpp"
#include "conversion.hpp"
#include "inflate.hpp"
#include "passes.hpp"
#include "row_sink.hpp"

namespace weir::png {
namespace {

constexpr std::size_t output_step = 16 * 1024; // decompressed bytes between two looks at the stop flag
constexpr std::size_t pixel_step = 64 * 1024;  // bytes of pixels made of them, and of what was kept back before
constexpr std::size_t input_step = 8 * 1024;
constexpr std::size_t window_bytes = inflater::window + 6 * output_step;
static_assert(row_sink::most_left + output_step <= window_bytes);

// All of a decode that is not rows.
struct state {
  std::uint64_t file_size;
  chunk_reader in;
  ancillary extras;
  conversion convert;
  row_sink rows;
  inflater pixels;
  alignas(64) std::array<std::uint8_t, window_bytes + inflater::slack> window;

  state(const memory::segment* input, stop_flag stop) noexcept
      : file_size(cursor(input).skip(~std::size_t{0})), in(input, stop) {}
};

constexpr std::size_t state_bytes = sizeof(state) + alignof(state);

bool fits(const shape& s, const surface& to) noexcept {
  return to.stride >= s.row_bytes() && to.size >= s.row_bytes() && (to.size - s.row_bytes()) / to.stride >= s.height - 1;
}

// A chunk that libpng takes whatever it allows for others.
bool too_long(std::uint32_t idat, std::uint64_t raw) noexcept { return idat > std::max<std::uint64_t>(8'000'000, raw); }

// Decompresses the IDATs and gives the bytes to the rows. The first one's data is next; behind it stands the start of what
// follows the last.
ending read_pixels(state& s, const header& h, stop_flag stop) noexcept {
  const std::size_t most = pixel_step * pixel_bits(h) / (8 * s.convert.pixel_bytes()) - inflater::slack;
  const std::uint64_t all = raw_bytes(h);
  std::uint64_t produced = 0;
  std::uint32_t checksum = 1;
  std::uint8_t* const window = s.window.data();
  std::uint8_t* write = window;
  const std::uint8_t* read = window;
  std::span<const std::uint8_t> piece;
  if (too_long(s.in.left(), all)) {
    return ending::not_claimed;
  }
  for (;;) {
    if (stop.requested()) {
      return ending::stopped;
    }
    if (write > window + window_bytes - output_step) {
      const std::size_t kept = std::max(inflater::window, static_cast<std::size_t>(write - read)); // all that isn't read yet
      read -= write - kept - window;
      std::memmove(window, write - kept, kept);
      write = window + kept;
    }
    // Behind the last byte nothing more may come but the stream's end.
    if (static_cast<std::size_t>(write - read) >= most) { // the rows leave less than that
      return ending::not_claimed;
    }
    const std::uint64_t expected = all - produced;
    s.pixels.expect(expected, piece.size() + s.file_size - s.in.offset());
    const std::size_t allowed = std::min(output_step, most - static_cast<std::size_t>(write - read));
    const std::size_t room = expected == 0 ? 1 : static_cast<std::size_t>(std::min<std::uint64_t>(expected, allowed));
    inflater::step step{piece.data(), piece.data() + piece.size(), write, write + room, window};
    const inflater::outcome how = s.pixels.run(step);
    const auto n = static_cast<std::size_t>(step.to - write);
    produced += n;
    if (how == inflater::outcome::refused || produced > all) {
      return ending::not_claimed;
    }
    checksum = libdeflate_adler32(checksum, write, n);
    write = step.to;
    piece = piece.subspan(static_cast<std::size_t>(step.from - piece.data()));
    read = s.rows.take(read, write);
    if (read == nullptr) {
      return ending::not_claimed;
    }
    if (how == inflater::outcome::end) {
      const bool right =
          produced == all && read == write && checksum == s.pixels.checksum() && piece.empty() && s.pixels.excess() == 0;
      return right && s.in.left() == 0 && s.in.finish() && s.in.next() ? ending::ok : ending::not_claimed;
    }
    if (how == inflater::outcome::needs_input) {
      while (s.in.left() == 0) {
        if (!s.in.finish() || !s.in.next() || s.in.name() != chunk_reader::name_of("IDAT") || too_long(s.in.left(), all)) {
          return ending::not_claimed;
        }
        if (stop.requested()) { // any number of them may be empty
          return ending::stopped;
        }
      }
      piece = s.in.piece(input_step);
      if (piece.empty()) {
        return ending::not_claimed;
      }
    }
  }
}

ending run(state& s, const header& h, const png_options& options, surface to, scratch& memory, stop_flag stop,
           const kernels::set& k) noexcept {
  if (stop.requested()) {
    return ending::stopped;
  }
  if (!s.extras.read_before_pixels(s.in, h) || !s.convert.prepare(h, s.extras, options, k)) {
    return ending::not_claimed;
  }
  const shape output = s.convert.output();
  to.stride = to.stride != 0 ? to.stride : output.row_bytes();
  if (!fits(output, to) || !s.rows.start(h, s.convert, k, to, memory)) {
    return ending::not_claimed;
  }
  s.pixels.start(k.avx2_bmi2);
  const ending how = read_pixels(s, h, stop);
  if (how != ending::ok) {
    return how;
  }
  return s.in.name() != chunk_reader::name_of("IDAT") && s.extras.read_after_pixels(s.in, h) ? ending::ok : ending::not_claimed;
}

} // namespace

std::size_t fast_scratch_bytes(const header& h) noexcept { return state_bytes + row_sink::scratch_bytes(h); }

fast_result decode_fast(const memory::segment* input, const header& h, const png_options& options, const surface& to,
                        scratch& memory, stop_flag stop, const kernels::set& k) noexcept {
  memory.limit_heap(false);
  void* room = memory.allocate(state_bytes);
  std::size_t size = state_bytes;
  fast_result result;
  if (room != nullptr && std::align(alignof(state), sizeof(state), room, size) != nullptr) {
    auto* const s = new (room) state(input, stop);
    result.how = run(*s, h, options, to, memory, stop, k);
    result.ask_libpng = s->extras.for_libpng;
    s->~state();
  }
  memory.reset();
  return result;
}

} // namespace weir::png
