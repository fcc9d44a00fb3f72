#include "decode.hpp"

#include "reference.hpp"

namespace weir::png {

decoded decode(const memory::segment* input, const header& h, const png_options& options, const surface& to, scratch& memory,
               stop_flag stop, decoder_choice which) noexcept {
  if (which == decoder_choice::fast) {
    decoded left;
    left.how = ending::not_claimed;
    return left;
  }
  return decode_reference(input, h, options, to, memory, stop);
}

} // namespace weir::png
