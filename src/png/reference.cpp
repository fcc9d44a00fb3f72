#include "reference.hpp"

#include <new>
#include <utility>

#include "session.hpp"

namespace weir::png {
namespace {

failure why_of(const session& s) { return {weir::stage::decode, s.error, s.input.offset()}; }

// Whether an IDAT stream's wrong checksum is an error or a warning depends on how much input libpng has at a time: it is an
// error only where the checksum is there when the last pixel is inflated. So where it was given less than by default, and
// found anything wrong, it is asked once more; then looks at the stop flag are up to 8 KiB of input apart, whatever that
// becomes.
void ask_again(session& s, const memory::segment* input) noexcept {
  s.by_the_book = true;
  s.short_reads = false;
  s.how = ending::failed;
  s.error[0] = s.warning[0] = '\0';
  s.input = cursor(input);
  s.memory->reset();
  run(s);
}

// Short enough to need no memory.
failure out_of_memory(const session& s) noexcept { return {weir::stage::decode, "out of memory", s.input.offset()}; }

} // namespace

decoded decode_reference(const memory::segment* input, const header& h, const png_options& options, const surface& to,
                         scratch& memory, stop_flag stop) noexcept {
  session s(input, memory, stop);
  s.expected = h;
  s.channels = options.channels;
  s.bits = options.bits;
  s.destination = to;
  run(s);
  if (s.short_reads && (s.how == ending::failed || (s.how == ending::ok && s.warning[0] != '\0'))) {
    ask_again(s, input);
  }
  memory.reset();
  decoded result;
  result.how = s.how;
  try {
    if (result.how == ending::ok) {
      result.warning = s.warning;
    } else if (result.how == ending::failed) {
      result.why = why_of(s);
    }
  } catch (const std::bad_alloc&) {
    if (result.how == ending::failed) { // an image is not lost for the text of a warning
      result.why = out_of_memory(s);
    }
  }
  return result;
}

probed probe(const memory::segment* input, const header& h, const png_options& options, scratch& memory,
             stop_flag stop) noexcept {
  session s(input, memory, stop);
  s.expected = h;
  s.only_info = true;
  run(s);
  memory.reset();
  probed result;
  result.how = s.how;
  try {
    if (result.how == ending::ok) {
      result.output = output_shape(h, options, s.transparent);
      result.warning = s.warning;
      if (auto bad = check_limits(result.output, options, s.input.offset())) {
        result.how = ending::failed;
        result.why = *std::move(bad);
      }
    } else if (result.how == ending::failed) {
      result.why = why_of(s);
    }
  } catch (const std::bad_alloc&) {
    result.how = ending::failed;
    result.why = out_of_memory(s);
  }
  return result;
}

} // namespace weir::png
