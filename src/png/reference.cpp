#include "reference.hpp"

#include <new>
#include <string_view>
#include <utility>

#include "session.hpp"

namespace weir::png {
namespace {

failure why_of(const session& s) { return {weir::stage::decode, s.error, s.input.offset()}; }

// Where a stream names a small window, and reaches back further, zlib may take it all the same: as far as it goes in what one
// piece of input has given.
bool may_reach_too_far(const session& s) noexcept {
  return s.how == ending::failed && std::string_view(s.error).ends_with("too far back");
}

// As if it were the first time, but for the way in which libpng gets the pixels' data.
void ask_again(session& s, const memory::segment* input) noexcept {
  s.feed = may_reach_too_far(s) ? feeding::by_default() : feeding::again(s.feed);
  s.divided = false;
  s.transparent = false;
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
  if (s.how != ending::stopped && s.divided && (s.feed.differs() || may_reach_too_far(s))) {
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
