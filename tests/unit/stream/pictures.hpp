#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <weir/image.hpp>
#include <weir/shape.hpp>

namespace weir::test {

/// What stands in a file of a picture_set.
enum class content : std::uint8_t {
  good,
  broken_late, ///< its last IDAT has a wrong checksum: the rows have been decoded by then
  broken_head, ///< no PNG
  missing,     ///< there is no file
};

struct entry {
  content is = content::good;
  std::uint32_t width = 16;
  std::uint32_t height = 16;
  [[nodiscard]] weir::shape shape() const noexcept { return {height, width, 3, 8}; }
};

/// PNG files in a temporary directory, each of one color that no other has, and that isn't black.
class picture_set {
public:
  explicit picture_set(std::vector<entry> entries);
  picture_set(const picture_set&) = delete;
  picture_set& operator=(const picture_set&) = delete;
  ~picture_set();

  [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

private:
  std::filesystem::path directory_;
  std::vector<entry> entries_;
  std::vector<std::string> paths_;
};

[[nodiscard]] std::array<std::uint8_t, 3> color_of(std::uint64_t index) noexcept;
/// A PNG of one color.
[[nodiscard]] std::vector<std::uint8_t> one_color(std::uint32_t width, std::uint32_t height, std::array<std::uint8_t, 3> color);
/// A good PNG with an ancillary chunk of that many bytes before its pixels: a file of many segments.
[[nodiscard]] std::vector<std::uint8_t> with_ballast(std::vector<std::uint8_t> png, std::size_t bytes);
/// The same with a wrong checksum in its last IDAT.
[[nodiscard]] std::vector<std::uint8_t> broken_at_its_end(std::vector<std::uint8_t> png);
void write_file(const std::string& path, const std::vector<std::uint8_t>& bytes);

/// Every pixel is the color of file `index` (black, if it is a blank).
[[nodiscard]] bool shows(const weir::image& im, std::uint64_t index);

/// Ends the process when something hangs. No test asserts on time: this only turns a hang into a failure.
class watchdog {
public:
  explicit watchdog(unsigned seconds = 120) noexcept;
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();
};

} // namespace weir::test
