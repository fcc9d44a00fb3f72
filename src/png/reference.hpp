#pragma once

#include "../memory/segment.hpp"
#include "decode.hpp"
#include "failure.hpp"
#include "header.hpp"
#include "scratch.hpp"
#include <weir/png_options.hpp>
#include <weir/shape.hpp>
#include <weir/stop_flag.hpp>

namespace weir::png {

/// Decodes with libpng, by the calls of TensorFlow's decoder in their order: its result is what every other decoder here is
/// compared with.
///
/// `h` is what parse_header gave for the same input. `to` has room for `output_shape(h, options, transparent)`; rows are
/// written straight into it. With anything but `ok` what stands there is not an image. What libpng allocates comes from
/// `memory`, which is reset before this returns.
///
/// On a worker (any thread; blocks for as long as it takes). `stop` is looked at before every row, before every read of at most
/// 64 KiB of input, and so often that at most 64 KiB have been inflated in between. The largest steps without a look are
/// libpng's own: one row's unfiltering and conversion (8 MB at the limit of a million RGBA columns of 16 bits), the
/// checksum and inflating of one ancillary chunk (8 MB each way: libpng's limit), and, behind the last row, what 8 KB of a
/// malicious stream inflate to (8 MB, to nowhere). Where rows are longer than 64 KiB and much stands behind the last pixel, or
/// the pixels end in an error, all of it is done twice (feeding.hpp); and if that error is a distance too far back, the second
/// time with looks 8 KiB of input apart, which may give 8 MB.
/// Never throws; prints nothing.
[[nodiscard]] decoded decode_reference(const memory::segment* input, const header& h, const png_options& options,
                                       const surface& to, scratch& memory, stop_flag stop) noexcept;

struct probed {
  ending how = ending::failed;
  shape output;        ///< with `ok`: what a decode gives; within the caller's limits
  std::string warning; ///< with `ok`: libpng's first so far, or empty
  failure why;         ///< with `failed`
};

/// Asks libpng for what the header alone can't tell (`needs_probe`): reads all that stands before the pixels. As
/// `decode_reference` in all other things.
[[nodiscard]] probed probe(const memory::segment* input, const header& h, const png_options& options, scratch& memory,
                           stop_flag stop) noexcept;

} // namespace weir::png
