#include "decode.hpp"

#include <algorithm>
#include <utility>

#include "reference.hpp"
#ifdef WEIR_FAST_PNG
#include "fast/ancillary.hpp"
#include "fast/chunk_reader.hpp"
#include "fast/decode_fast.hpp"
#endif

namespace weir::png {
namespace {

#ifndef WEIR_FAST_PNG
struct fast_result {
  ending how = ending::not_claimed;
  bool ask_libpng = false;
};
fast_result decode_fast(const memory::segment*, const header&, const png_options&, const surface&, scratch&,
                        stop_flag) noexcept {
  return {};
}
std::size_t fast_scratch_bytes(const header&) noexcept { return 0; }
#endif

// By the fast decoder, and libpng for the chunks before the pixels where they need it.
decoded decode_claimed(const memory::segment* input, const header& h, const png_options& options, const surface& to,
                       scratch& memory, stop_flag stop, libpng_notice before_libpng) noexcept {
  decoded result;
  const fast_result fast = decode_fast(input, h, options, to, memory, stop);
  result.how = fast.how;
  if (fast.how == ending::ok && fast.ask_libpng) {
    before_libpng();
    probed before = probe(input, h, options, memory, stop);
    result.how = before.how == ending::failed ? ending::not_claimed : before.how;
    result.warning = std::move(before.warning);
  }
  return result;
}

} // namespace

decoded decode(const memory::segment* input, const header& h, const png_options& options, const surface& to, scratch& memory,
               stop_flag stop, decoder_choice which, libpng_notice before_libpng) noexcept {
  if (which != decoder_choice::reference) {
    decoded result = decode_claimed(input, h, options, to, memory, stop, before_libpng);
    if (result.how != ending::not_claimed || which == decoder_choice::fast) {
      return result;
    }
  }
  before_libpng();
  return decode_reference(input, h, options, to, memory, stop);
}

std::optional<bool> find_transparency([[maybe_unused]] const memory::segment* input,
                                      [[maybe_unused]] const header& h) noexcept {
#ifdef WEIR_FAST_PNG
  chunk_reader in(input);
  ancillary before;
  if (before.read_before_pixels(in, h)) {
    return before.transparent;
  }
#endif
  return std::nullopt;
}

std::size_t scratch_bytes(const header& h, const png_options& options) noexcept {
  return std::max(reference_scratch_bytes(h, options), fast_scratch_bytes(h));
}

} // namespace weir::png
