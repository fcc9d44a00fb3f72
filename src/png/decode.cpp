#include "decode.hpp"

#include <algorithm>

#include "reference.hpp"
#ifdef WEIR_FAST_PNG
#include "fast/decode_fast.hpp"
#endif

namespace weir::png {
namespace {

#ifndef WEIR_FAST_PNG
ending decode_fast(const memory::segment*, const header&, const png_options&, const surface&, scratch&, stop_flag) noexcept {
  return ending::not_claimed;
}
std::size_t fast_scratch_bytes(const header&) noexcept { return 0; }
#endif

} // namespace

decoded decode(const memory::segment* input, const header& h, const png_options& options, const surface& to, scratch& memory,
               stop_flag stop, decoder_choice which) noexcept {
  if (which != decoder_choice::reference) {
    decoded result;
    result.how = decode_fast(input, h, options, to, memory, stop);
    if (result.how != ending::not_claimed || which == decoder_choice::fast) {
      return result;
    }
  }
  return decode_reference(input, h, options, to, memory, stop);
}

std::size_t scratch_bytes(const header& h, const png_options& options) noexcept {
  return std::max(reference_scratch_bytes(h, options), fast_scratch_bytes(h));
}

} // namespace weir::png
