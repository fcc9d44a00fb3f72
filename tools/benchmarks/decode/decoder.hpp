#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// A PNG file in memory, and what it is decoded to: packed rows of samples of 8 bits, channels as in the file (a palette's
/// three, or four if some of it is transparent).
struct sample {
  std::vector<std::byte> file;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  unsigned channels = 0;
  bool transparent_palette = false;
  unsigned depth = 8; ///< bits of a sample in the file

  [[nodiscard]] std::size_t bytes() const noexcept { return std::size_t{width} * height * channels; }
};

/// Something that decodes PNG files. On one thread.
struct decoder {
  std::string name;
  std::string version;
  bool blue_first = false; ///< its pixels are blue, green, red
  /// Bytes that are lent to a decode of `s`: none where it brings all its memory itself.
  std::function<std::size_t(const sample& s)> lent = [](const sample&) { return std::size_t{0}; };
  /// Gives back the memory that it keeps from one decode to the next.
  std::function<void()> forget = [] {};
  /// Why it can't decode `s` to what is asked for; empty if it can.
  std::function<std::string(const sample& s)> unable = [](const sample&) { return std::string(); };
  /// Decodes. Returns where the pixels stand: in `into` (which has `s.bytes()` bytes), or in memory that is the decoder's until
  /// the next call. Null if it fails.
  std::function<const std::byte*(const sample& s, std::span<std::byte> into)> decode;
};

/// Each is there if its library was when this was built.
void add_weir(std::vector<decoder>& to); ///< "weir", "weir reference"
void add_libpng(std::vector<decoder>& to);
void add_spng(std::vector<decoder>& to);
void add_lodepng(std::vector<decoder>& to);
void add_stb(std::vector<decoder>& to);
void add_opencv(std::vector<decoder>& to);

/// A decoder in a shared library of its own (plugin.h). Throws std::runtime_error with the reason.
[[nodiscard]] decoder load_plugin(const std::string& path);

/// The sample of a file, if weir's reference accepts it.
[[nodiscard]] std::optional<sample> make_sample(std::vector<std::byte> file);

/// True if weir's own fast decoder decodes `s`, and leaves nothing of it to libpng.
[[nodiscard]] bool fast_claims(const sample& s);

} // namespace bench
