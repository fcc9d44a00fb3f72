#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <weir/image.hpp>
#include <weir/png_options.hpp>
#include <weir/stop_handle.hpp>

namespace cancel_stress {

/// What the runs ask decode_png for.
inline constexpr std::array<weir::png_options, 3> formats{weir::png_options{.channels = 3}, weir::png_options{.channels = 4},
                                                          weir::png_options{.channels = 0, .bits = 16}};

/// The files, and what an undisturbed run makes of each.
class known_images {
public:
  struct picture {
    bool good = false;
    weir::shape shape;
    std::uint32_t crc32 = 0;
  };
  struct file {
    std::string path;
    bool regular = false;   ///< others (FIFOs) aren't read for the table: what comes out of them isn't looked at
    std::uint64_t size = 0; ///< bytes
    std::array<picture, formats.size()> as{};
  };

  /// Decodes every regular file once in each format. Ends early, with what it has, if `stop` is requested.
  known_images(const std::vector<std::string>& paths, const weir::stop_handle& stop);

  [[nodiscard]] const std::vector<file>& files() const noexcept { return files_; }
  /// Null: none of these.
  [[nodiscard]] const file* find(std::string_view path) const;
  [[nodiscard]] std::size_t good() const noexcept; ///< how many files can be decoded

  /// Whether the image is what its file gives. A blank is black.
  [[nodiscard]] bool shows(const weir::image& im, std::size_t format) const;

private:
  std::vector<file> files_;
  std::unordered_map<std::string_view, std::size_t> at_; // into files_, whose texts it refers to
};

} // namespace cancel_stress
