#pragma once

#include <cstddef>
#include <span>

#include "services.hpp"
#include <weir/image.hpp>
#include <weir/png_options.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// One image from memory: decode_png(runtime&, ...) without the runtime.
task<image> decode_bytes(services& s, std::span<const std::byte> body, png_options options);

} // namespace weir::detail
