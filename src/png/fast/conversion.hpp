#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "../header.hpp"
#include "../kernels/kernels.hpp"
#include "ancillary.hpp"
#include <weir/png_options.hpp>
#include <weir/shape.hpp>

namespace weir::png {

/// Turns the pixels of a file, unfiltered, into those of the output: what libpng's transformations do, in their order, in one
/// pass over a few pixels at a time.
class conversion {
public:
  /// False if this isn't exact here (gray from a color file that says something of gamma).
  [[nodiscard]] bool prepare(const header& h, const ancillary& a, const png_options& options, const kernels::set& k) noexcept;

  [[nodiscard]] shape output() const noexcept { return output_; }
  [[nodiscard]] std::size_t pixel_bytes() const noexcept { return output_pixel_; } ///< of the output
  /// True if there is nothing to do.
  [[nodiscard]] bool identity() const noexcept { return identity_; }

  /// `from` begins with a whole byte. Writes `pixels * pixel_bytes()`, no more.
  void run(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept;

  static constexpr std::size_t block = 256; ///< pixels that go through all steps together

private:
  enum class source : std::uint8_t { table, bytes, wide };
  void fill_table(const header& h, const ancillary& a) noexcept;
  void run_table(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept;
  void look_up_pixels(std::uint8_t* to, const std::uint8_t* indices, std::size_t pixels) const noexcept;
  void run_block(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept;
  void map_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t pixels) const noexcept;

  const kernels::set* kernels_ = nullptr;
  shape output_;
  source source_ = source::bytes;
  bool identity_ = false;
  bool narrow_first_ = false; // 16 bits to 8 before everything else
  bool has_key_ = false;
  std::uint8_t depth_ = 8;
  std::uint8_t channels_in_ = 1;
  std::uint8_t channels_out_ = 1;
  std::size_t output_pixel_ = 1;
  std::array<std::uint16_t, 3> key_{};
  std::uint16_t alpha_ = 255;
  std::uint8_t factor_ = 0; // of gray below 8 bits; 0: there is a table

  // Pixels of the output by value (of at most 8 bits): in the first where they have more than four bytes, else in the second.
  alignas(8) std::array<std::array<std::uint8_t, 8>, 256> table_;
  std::array<std::uint32_t, 256> narrow_table_;
};

} // namespace weir::png
