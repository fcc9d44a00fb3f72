#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>

#include "cursor.hpp"
#include "decode.hpp"
#include "feeding.hpp"
#include "header.hpp"
#include "scratch.hpp"
#include <weir/stop_flag.hpp>

struct png_struct_def;
struct png_info_def;

namespace weir::png {

/// One use of libpng: all that its calls and callbacks need, and what comes out of it.
///
/// libpng leaves by longjmp, on errors and (from the read callback) on a stop. So everything that lives while it runs is in
/// here or is trivially destructible; no exception passes through it; and what has a destructor stays outside of `run`.
struct session {
  session(const memory::segment* first, scratch& s, stop_flag flag) noexcept : input(first), memory(&s), stop(flag) {}

  // What is asked for.
  cursor input;
  scratch* memory;
  stop_flag stop;
  header expected;        ///< what parse_header read
  int channels = 0;       ///< as in png_options
  int bits = 8;           ///< as in png_options
  bool only_info = false; ///< end after png_read_info
  feeding feed;           ///< of rows above 64 KiB
  surface destination;    ///< rows are written here

  // What came out.
  ending how = ending::failed;
  bool transparent = false; ///< libpng accepted a tRNS chunk before the pixels
  char error[200] = {};     ///< with `failed`: libpng's message
  char warning[200] = {};   ///< libpng's first warning, or empty

  bool divided = false; ///< the rows were so long: `feed` says whether libpng has to be asked again

  // libpng's.
  png_struct_def* png = nullptr;
  png_info_def* info = nullptr;
  std::jmp_buf jump;
};

/// Runs libpng to the end. All that it allocated is given back to `memory`.
void run(session& s) noexcept;

/// Turns a row of samples of 8 bits into samples of 16 bits (× 257), in place: `row` has `samples` bytes of data and room for
/// twice as many.
void widen_row(std::byte* row, std::size_t samples) noexcept;

} // namespace weir::png
