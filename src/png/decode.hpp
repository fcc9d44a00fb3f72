#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "../memory/segment.hpp"
#include "failure.hpp"
#include "header.hpp"
#include "scratch.hpp"
#include <weir/png_options.hpp>
#include <weir/shape.hpp>
#include <weir/stop_flag.hpp>

namespace weir::png {

/// Where the rows of a decode go. Nothing is written but `height` rows of `shape::row_bytes()` bytes: not behind the last one,
/// and not between them.
struct surface {
  constexpr surface() noexcept = default;
  constexpr surface(std::span<std::byte> memory, std::size_t row_stride = 0) noexcept
      : data(memory.data()), size(memory.size()), stride(row_stride) {}

  std::byte* data = nullptr;
  std::size_t size = 0;   ///< bytes, from the start of the first row to the end of the last or more
  std::size_t stride = 0; ///< bytes from the start of a row to the start of the next; 0: they are packed
};

/// What became of a decode.
struct decoded {
  ending how = ending::failed;
  failure why;         ///< with `failed`
  std::string warning; ///< with `ok`: libpng's first warning, or empty
};

/// Which decoder an image goes to.
enum class decoder_choice : std::uint8_t {
  automatic, ///< the fast one for what it claims, and libpng for the rest: what it says otherwise is not asked for
  reference, ///< libpng
  fast,      ///< the fast one, for tests and measurements: `not_claimed` for what it leaves to libpng, which is all that fails
};

/// Is told on the decoding thread before libpng is asked, which may take much longer than the fast decoder.
struct libpng_notice {
  void (*tell)(void* whom) noexcept = nullptr;
  void* whom = nullptr;
  void operator()() const noexcept {
    if (tell != nullptr) {
      tell(whom);
    }
  }
};

/// Decodes an image. What comes out, value or failure, is libpng's to the bit, whoever decoded it.
///
/// `h` is what parse_header gave for the same input, and `to` has room for `output_shape(h, options, transparent)`. With
/// anything but `ok` what stands there is not an image. All that is allocated comes from `memory`, which is reset before this
/// returns.
///
/// On a worker (any thread; blocks for as long as it takes). `stop` is looked at at least every 64 KiB of output and of input,
/// with the exceptions that reference.hpp names. Never throws; prints nothing.
[[nodiscard]] decoded decode(const memory::segment* input, const header& h, const png_options& options, const surface& to,
                             scratch& memory, stop_flag stop, decoder_choice which = decoder_choice::automatic,
                             libpng_notice before_libpng = {}) noexcept;

/// Where `needs_probe` (header.hpp) holds: whether a decode that gives an image has transparency, if the chunks before the
/// pixels are all such that libpng is known to take them as they stand, or not to make it depend on them. Else nothing, and
/// `probe` (reference.hpp) has to be asked. A look at the chunks before the pixels, at most 1 MiB of them. Any thread.
[[nodiscard]] std::optional<bool> find_transparency(const memory::segment* input, const header& h) noexcept;

/// Bytes of scratch with which a decode of such a file, by whichever decoder, takes nothing from the heap, if its ancillary
/// chunks are few (`ancillary_room`, header.hpp).
[[nodiscard]] std::size_t scratch_bytes(const header& h, const png_options& options) noexcept;

} // namespace weir::png
