#pragma once

#include "../../memory/segment.hpp"
#include "../decode.hpp"
#include "../failure.hpp"
#include "../header.hpp"
#include "../kernels/kernels.hpp"
#include "../scratch.hpp"
#include <weir/png_options.hpp>
#include <weir/stop_flag.hpp>

namespace weir::png {

struct fast_result {
  ending how = ending::not_claimed;
  bool ask_libpng = false; ///< with `ok`: if libpng takes what stands before the pixels, which wasn't all looked at
};

/// Decodes what it can be sure to decode as libpng would, without a warning of anything from the pixels on: `ok`. Everything
/// else, good or bad, is `not_claimed`, and what stands in `to` is then of no meaning. Or `stopped`.
///
/// A file is read once from start to end; each row is made when its bytes have been decompressed, a few KiB before, or up to
/// 48 KiB where it is made together with others. As `decode` (decode.hpp) in all other things; it looks at `stop` before every
/// 64 KiB of pixels, 16 KiB of decompressed bytes and 8 KiB of their input, and 32 KiB of other chunks.
[[nodiscard]] fast_result decode_fast(const memory::segment* input, const header& h, const png_options& options,
                                      const surface& to, scratch& memory, stop_flag stop,
                                      const kernels::set& k = kernels::best()) noexcept;

/// Bytes of scratch with which such a decode takes nothing from the heap.
[[nodiscard]] std::size_t fast_scratch_bytes(const header& h) noexcept;

} // namespace weir::png
