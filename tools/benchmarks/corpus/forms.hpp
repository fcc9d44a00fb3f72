#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "png/encode.hpp"

namespace corpus {

/// The form of PNG named `form`, from square pixels of red, green and blue of 16 bits:
///   rgb rgba gray gray-alpha (8 bits); rgb16 rgba16 gray16; gray1 gray2 gray4, palette1 palette2 palette4 palette8 (ordered
///   dither, over a palette of evenly spaced colours; for 1 and 2 bits of grays).
/// Alpha is an ellipse with a soft edge. Nothing if there is no such form.
[[nodiscard]] std::optional<weir::png::picture> make_form(std::string_view form, const std::vector<std::uint16_t>& rgb,
                                                          std::uint32_t size);

/// Sets how `p` is to be encoded: level0 … level9 (libpng's choice of filters), no-filter (level 6), opencv (what OpenCV's
/// imwrite sets: level 1, run lengths, the Sub filter), interlaced (level 6). False if there is no such encoder.
[[nodiscard]] bool set_encoder(std::string_view encoder, weir::png::picture& p);

} // namespace corpus
