#pragma once

#include <cstddef>
#include <span>

#include <weir/detail/window.hpp>
#include <weir/encoded.hpp>
#include <weir/image.hpp>
#include <weir/pipeline.hpp>
#include <weir/png_options.hpp>

namespace weir {

class runtime;

namespace detail {
class decode_stage : public stage_base {
public:
  decode_stage(png_options o, weir::order order, std::size_t in_flight);
  pipeline<image> operator()(pipeline<encoded>&& p) const;

private:
  png_options options_;
  weir::order order_;
  std::size_t in_flight_;
};
} // namespace detail

/// Decodes PNG files on the workers, into memory of the pool; directly into a batch where `batched` follows. The result is that
/// of `tf.io.decode_png`, bit for bit. Bad input fails its item alone (stage header or decode; libpng's words; the byte
/// offset). An image that could never fit the budget fails too. Throws std::invalid_argument for options out of their range.
///
/// How many are decoded ahead of the delivery is bounded by the budget, and by `in_flight`: a slow image doesn't idle the
/// others. On a stop, a decode under way ends within 64 KiB of output or input, and those that wait don't begin.
[[nodiscard]] inline detail::decode_stage decode_png(png_options options = {}, weir::order o = order::input,
                                                     std::size_t in_flight = 2048) {
  return detail::decode_stage(options, o, in_flight);
}

/// One image from memory: a request body. Awaited in a task of `rt`. `body` outlives the task. Throws weir::error for bad
/// input, and std::invalid_argument for options out of their range. Waits for memory in turn, from when its shape is known:
/// with channels = 0 that may take a look by a worker first, so several at a time whose results are kept in the order of the
/// input want memory for all of them.
[[nodiscard]] task<image> decode_png(runtime& rt, std::span<const std::byte> body, png_options options = {});

} // namespace weir
