#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../../src/memory/segment.hpp"
#include "../../src/png/decode.hpp"
#include <weir/png_options.hpp>

namespace weir::conformance {

using bytes = std::vector<std::uint8_t>;

/// How a file is decoded for a comparison.
struct setting {
  png_options options{};
  std::size_t segment = memory::segment_bytes; ///< bytes of the file a segment
  std::size_t gap = 0;                         ///< bytes between two rows, which nobody may write
  std::size_t offset = 0;                      ///< of the first row, from a cache line's start
};
[[nodiscard]] std::string text(const setting& s);

struct counts {
  std::uint64_t comparisons = 0; ///< a file under a setting
  std::uint64_t images = 0;      ///< of these: decoded
  std::uint64_t claimed = 0;     ///< of the images: by the fast decoder
  std::uint64_t skipped = 0;     ///< asked for more memory than a comparison may take

  counts& operator+=(const counts& other) noexcept;
};

/// Decodes a file in every way there is and says whether all agree: libpng inside weir (the reference), the fast decoder alone,
/// the choice between them that users get, and a program that knows nothing of weir. To be used on one thread.
///
/// The fast decoder may only say yes, and only with what the reference says: pixels and warning. What users get is the
/// reference's word to the letter, failures with stage, message and offset included. The independent program has the same
/// verdict, pixels, warning and, where libpng speaks, message. Of memory nothing is written but the rows themselves, and the
/// scratch; rows and scratch have exactly the size that the library asks for, and other contents before each decode.
class comparer {
public:
  /// What is compared: png::decode, or something wrong, to see that it is found.
  using decoder = std::function<png::decoded(const memory::segment* input, const png::header& h, const png_options& options,
                                             const png::surface& to, png::scratch& memory, png::decoder_choice which)>;

  /// A file that decodes to more than `largest` bytes is skipped.
  explicit comparer(std::size_t largest = std::size_t{8} << 20, decoder compared = decode_by_weir)
      : largest_(largest), decoder_(std::move(compared)) {}

  static png::decoded decode_by_weir(const memory::segment* input, const png::header& h, const png_options& options,
                                     const png::surface& to, png::scratch& memory, png::decoder_choice which) {
    return png::decode(input, h, options, to, memory, {}, which);
  }

  /// Empty if all agree, else what differs.
  [[nodiscard]] std::string difference(const bytes& file, const setting& how);

  [[nodiscard]] const counts& so_far() const noexcept { return counts_; }
  /// Whether the last comparison's file was an image.
  [[nodiscard]] bool was_image() const noexcept { return was_image_; }

private:
  struct room;
  struct run;
  run decode(const memory::segment* input, const png::header& h, const setting& how, const shape& s, png::decoder_choice which);
  std::string against_libpng(const bytes& file, const setting& how, const run& ours) const;

  std::size_t largest_;
  decoder decoder_;
  counts counts_;
  bool was_image_ = false;
  unsigned fills_ = 0;
};

} // namespace weir::conformance
