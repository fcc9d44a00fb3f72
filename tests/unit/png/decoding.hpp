#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "../../conformance/chain.hpp"
#include "../../conformance/reference_decode.h"
#include "memory/segment.hpp"
#include "png/decode.hpp"
#include "png/header.hpp"
#include "png/reference.hpp"
#include "png/scratch.hpp"
#include <weir/error.hpp>
#include <weir/png_options.hpp>
#include <weir/shape.hpp>

namespace weir::png::testing {

using bytes = std::vector<std::uint8_t>;

using conformance::chain;

struct verdict {
  ending how = ending::failed;
  failure why;
  shape s;
  bytes pixels; ///< with ok
  std::string warning;
  bool overrun = false; ///< something was written outside of the destination
  std::size_t heap = 0;
};

inline std::vector<std::byte>& worker_scratch() {
  static std::vector<std::byte> memory(std::size_t{1} << 20);
  return memory;
}

/// The whole way of one image: header, probe where it is needed, decode into memory between two guards.
inline verdict decode_file(const bytes& file, const png_options& options, std::size_t step = memory::segment_bytes,
                           decoder_choice which = decoder_choice::reference) {
  constexpr std::size_t guard = 256;
  constexpr std::byte mark{0xA5};
  const chain input(file, step);
  verdict v;
  auto parsed = parse_header(input.first(), options);
  if (auto* bad = std::get_if<failure>(&parsed)) {
    v.why = std::move(*bad);
    return v;
  }
  const header h = std::get<header>(parsed);
  scratch memory(worker_scratch());
  v.s = output_shape(h, options);
  if (needs_probe(h, options)) {
    probed p = probe(input.first(), h, options, memory, {});
    if (p.how != ending::ok) {
      v.how = p.how;
      v.why = std::move(p.why);
      return v;
    }
    v.s = p.output;
  }
  std::vector<std::byte> room(v.s.bytes() + 2 * guard, mark);
  decoded d = decode(input.first(), h, options, std::span(room).subspan(guard, v.s.bytes()), memory, {}, which);
  v.how = d.how;
  v.why = std::move(d.why);
  v.warning = std::move(d.warning);
  const auto marked = [](std::byte b) { return b == mark; };
  v.overrun = !std::all_of(room.begin(), room.begin() + guard, marked) || !std::all_of(room.end() - guard, room.end(), marked);
  if (v.how == ending::ok) {
    std::transform(room.begin() + guard, room.end() - guard, std::back_inserter(v.pixels),
                   [](std::byte b) { return static_cast<std::uint8_t>(b); });
  }
  return v;
}

/// What the independent program says of the same file.
inline verdict decode_independently(const bytes& file, const png_options& options) {
  reference_image image;
  reference_decode(file.data(), file.size(), options.channels, options.bits, &image);
  verdict v;
  if (image.ok != 0) {
    v.how = ending::ok;
    v.s = {image.height, image.width, static_cast<std::uint8_t>(image.channels), static_cast<std::uint8_t>(image.bits)};
    v.pixels.assign(image.bytes, image.bytes + image.size);
    v.warning = image.warning;
  } else {
    v.why = {image.in_header != 0 ? stage::header : stage::decode, image.message, 0};
  }
  reference_free(&image);
  return v;
}

/// Empty if libpng here and the decoder that is used both agree with the independent program on the verdict, and then on shape,
/// pixels and warning; else what differs.
inline std::string difference(const bytes& file, const png_options& options, std::size_t step = memory::segment_bytes) {
  const verdict other = decode_independently(file, options);
  for (const decoder_choice which : {decoder_choice::reference, decoder_choice::automatic}) {
    const std::string who = which == decoder_choice::reference ? "reference: " : "automatic: ";
    const verdict ours = decode_file(file, options, step, which);
    if (ours.overrun) {
      return who + "written outside of the destination";
    }
    if ((ours.how == ending::ok) != (other.how == ending::ok)) {
      return who + "'" + ours.why.message + "', independent: '" + other.why.message + "'";
    }
    if (ours.how != ending::ok) {
      continue;
    }
    if (ours.s != other.s) {
      return who + "shapes";
    }
    if (ours.warning != other.warning) {
      return who + "warnings: '" + ours.warning + "', '" + other.warning + "'";
    }
    if (ours.pixels != other.pixels) {
      return who + "pixels";
    }
  }
  return {};
}

/// The samples of 16 bits that `pixels` holds, in native order.
inline std::vector<std::uint16_t> wide(const bytes& pixels) {
  std::vector<std::uint16_t> samples(pixels.size() / 2);
  std::copy(pixels.begin(), pixels.end(), reinterpret_cast<std::uint8_t*>(samples.data()));
  return samples;
}

} // namespace weir::png::testing
