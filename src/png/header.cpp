#include "header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "crc32.hpp"
#include "cursor.hpp"

namespace weir::png {
namespace {

constexpr std::uint32_t largest_side = 1'000'000;                // libpng's default
constexpr std::uint64_t pixels_refused = std::uint64_t{1} << 29; // TensorFlow's
constexpr std::uint32_t largest_chunk = 0x7FFFFFFF;
constexpr std::array<std::uint8_t, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

failure refuse(std::string message, std::uint64_t offset) { return {weir::stage::header, std::move(message), offset}; }

constexpr std::uint32_t big_endian(const std::uint8_t* at) noexcept {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

std::optional<failure> check_signature(cursor& in) {
  std::array<std::uint8_t, 8> read{};
  const std::size_t had = in.take(read.data(), read.size());
  if (had == 0) {
    return refuse("empty input", 0);
  }
  const auto differs = static_cast<std::size_t>(
      std::mismatch(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(had), signature.begin()).first - read.begin());
  if (differs < had) {
    return refuse(differs < 4 ? "Not a PNG file" : "PNG file corrupted by ASCII conversion", differs);
  }
  if (had < read.size()) {
    return refuse("truncated in the signature", had);
  }
  return std::nullopt;
}

// The ancillary chunks that libpng handles and so refuses before the header ("missing IHDR"). Others it passes over.
bool refused_before_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 18> known = {"bKGD", "cHRM", "eXIf", "gAMA", "hIST", "iCCP", "iTXt", "oFFs", "pCAL",
                                                      "pHYs", "sBIT", "sCAL", "sPLT", "sRGB", "tEXt", "tIME", "tRNS", "zTXt"};
  const bool critical = (name[0] & 0x20) == 0;
  return critical || std::find(known.begin(), known.end(), name) != known.end();
}

bool is_chunk_name(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

struct not_among_those {};

// Looks at so many chunks. Leaves the cursor behind the length and name of the header chunk, which it returns the length of.
std::variant<std::uint32_t, failure, not_among_those> find_header_chunk(cursor& in, stop_flag stop, std::size_t chunks) {
  for (std::size_t i = 0; i < chunks; ++i) {
    const std::uint64_t start = in.offset();
    std::array<std::uint8_t, 8> read{};
    if (in.take(read.data(), read.size()) < read.size()) {
      return refuse("truncated before the header", in.offset());
    }
    std::array<char, 4> letters{};
    std::memcpy(letters.data(), read.data() + 4, letters.size());
    const std::string_view name(letters.data(), letters.size());
    const std::uint32_t length = big_endian(read.data());
    if (length > largest_chunk) {
      return refuse("PNG unsigned integer out of range", start);
    }
    if (name == "IHDR") {
      return length;
    }
    if (!is_chunk_name(name)) {
      return refuse("invalid chunk type before the header", start);
    }
    if (refused_before_header(name)) {
      return refuse(std::string(name) + ": missing IHDR", start);
    }
    const std::size_t rest = std::size_t{length} + 4; // its checksum is only ever warned of
    if (stop.requested()) {
      return refuse("stopped", start);
    }
    if (in.skip(rest) < rest) {
      return refuse("truncated before the header", in.offset());
    }
  }
  return not_among_those{};
}

constexpr bool depth_fits(unsigned color_type, unsigned depth) noexcept {
  switch (color_type) {
  case 0: return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
  case 3: return depth == 1 || depth == 2 || depth == 4 || depth == 8;
  case 2:
  case 4:
  case 6: return depth == 8 || depth == 16;
  default: return false;
  }
}

const char* what_is_invalid(const header& h, const std::uint8_t* data) noexcept {
  if (h.width == 0 || h.height == 0) {
    return "Invalid IHDR data: a side is 0";
  }
  if (h.width > largest_side || h.height > largest_side) {
    return "Invalid IHDR data: a side is above 1000000";
  }
  if (!depth_fits(h.color_type, h.bit_depth)) {
    return "Invalid IHDR data: color type and bit depth";
  }
  if (data[10] != 0 || data[11] != 0 || data[12] > 1) {
    return "Invalid IHDR data: unknown compression, filter or interlace method";
  }
  return nullptr;
}

std::size_t rounded(std::size_t n) noexcept { return (n + 15) & ~std::size_t{15}; }

} // namespace

std::variant<header, failure> parse_header(const memory::segment* input, const png_options& options, stop_flag stop) {
  cursor in(input);
  if (auto bad = check_signature(in)) {
    return *std::move(bad);
  }
  const auto found = find_header_chunk(in, stop, std::numeric_limits<std::size_t>::max());
  if (const auto* bad = std::get_if<failure>(&found)) {
    return *bad;
  }
  const std::uint64_t start = in.offset();
  if (std::get<std::uint32_t>(found) != 13) {
    return refuse("IHDR: invalid", start);
  }
  std::array<std::uint8_t, 4 + 13 + 4> chunk{'I', 'H', 'D', 'R'};
  if (in.take(chunk.data() + 4, 17) < 17) {
    return refuse("truncated in the header", in.offset());
  }
  if (crc32(chunk.data(), 17) != big_endian(chunk.data() + 17)) {
    return refuse("IHDR: CRC error", in.offset());
  }
  const std::uint8_t* data = chunk.data() + 4;
  const header h{big_endian(data), big_endian(data + 4), data[8], data[9], data[12] == 1};
  if (const char* invalid = what_is_invalid(h, data)) {
    return refuse(invalid, start);
  }
  if (auto bad = check_limits(output_shape(h, options), options, start)) {
    return *std::move(bad);
  }
  return h;
}

bool header_is_near(const memory::segment* input) {
  constexpr std::size_t few = 16;
  cursor in(input);
  return check_signature(in) || !std::holds_alternative<not_among_those>(find_header_chunk(in, {}, few));
}

shape output_shape(const header& h, const png_options& options, bool transparent) noexcept {
  shape s{h.height, h.width, static_cast<std::uint8_t>(options.channels), static_cast<std::uint8_t>(options.bits)};
  if (options.channels == 0) {
    if (h.has_palette()) {
      s.channels = transparent ? 4 : 3;
    } else {
      s.channels = static_cast<std::uint8_t>((h.has_color() ? 3 : 1) + (h.has_alpha() ? 1 : 0));
    }
  }
  return s;
}

std::optional<failure> check_limits(const shape& s, const png_options& options, std::uint64_t offset) {
  const std::uint64_t pixels = std::uint64_t{s.width} * s.height;
  const auto size = [&s] { return std::to_string(s.width) + " x " + std::to_string(s.height) + " pixels"; };
  if (pixels >= pixels_refused) {
    return refuse(size() + " are above the limit of 2^29 - 1", offset);
  }
  if (pixels > options.max_pixels) {
    return refuse(size() + " are above the limit of " + std::to_string(options.max_pixels), offset);
  }
  if (s.bytes() > options.max_bytes) {
    return refuse(std::to_string(s.bytes()) + " decoded bytes are above the limit of " + std::to_string(options.max_bytes),
                  offset);
  }
  return std::nullopt;
}

std::size_t reference_scratch_bytes(const header& h, const png_options& options) noexcept {
  // Of libpng 1.6.39 and zlib 1.2.13, measured (scratch_test.cpp checks them): png_struct and png_info, inflate's state and its
  // window, the buffer for compressed data, palette and transparency; with room for other versions'.
  constexpr std::size_t state = 4 * 1024 + 8 * 1024 + 32 * 1024 + 8 * 1024 + 2 * 1024;
  // Two rows of the widest form that a pixel has on its way.
  const std::size_t pixel = 4U * std::max<std::size_t>(8, h.bit_depth) / 8;
  const std::size_t row = rounded(((h.width + std::size_t{7}) & ~std::size_t{7}) * pixel + 1 + pixel + 48);
  // Gray from colour goes through linear light where the file has a gamma: three tables, whose size depends on the depth.
  std::size_t gamma = 0;
  if (h.has_color() && (options.channels == 1 || options.channels == 2)) {
    constexpr std::size_t one = 256 * sizeof(std::uint16_t) + sizeof(void*);
    const std::size_t tables = h.bit_depth < 16 ? 1 : options.bits == 16 ? 256 : 8;
    gamma = 3 * (tables * one + 16);
  }
  return state + 2 * row + gamma + ancillary_room;
}

} // namespace weir::png
