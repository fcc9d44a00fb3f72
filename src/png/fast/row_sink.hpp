#pragma once

#include <cstddef>
#include <cstdint>

#include "../decode.hpp"
#include "../header.hpp"
#include "../kernels/kernels.hpp"
#include "../scratch.hpp"
#include "conversion.hpp"
#include "passes.hpp"

namespace weir::png {

/// Takes the decompressed bytes of an image in pieces, and makes rows of the output of them: undoes the filters, converts, puts
/// the pixels where they belong.
class row_sink {
public:
  /// False if there is no memory for it.
  [[nodiscard]] bool start(const header& h, const conversion& c, const kernels::set& k, const surface& to,
                           scratch& memory) noexcept;

  /// Takes what can be taken now of the bytes from `from` to `end`: all but `most_left` of them. Returns where it stopped; null
  /// if a row has a filter that there isn't.
  [[nodiscard]] const std::uint8_t* take(const std::uint8_t* from, const std::uint8_t* end) noexcept;

  /// Bytes, of which there is more to come; and no more than 48 KiB of pixels would have been made of them.
  static constexpr std::size_t most_left = 48 * 1024 + kernels::most_rows;

  [[nodiscard]] static std::size_t scratch_bytes(const header& h) noexcept;

private:
  void begin_pass() noexcept;
  [[nodiscard]] bool begin_row(std::uint8_t filter) noexcept;
  void end_row() noexcept;
  [[nodiscard]] std::size_t rows_ready(const std::uint8_t* from, const std::uint8_t* end) const noexcept;
  [[nodiscard]] const std::uint8_t* take_rows(const std::uint8_t* from, std::size_t n) noexcept;
  [[nodiscard]] std::uint8_t* room_for(std::size_t ahead) const noexcept;
  void unfilter(std::uint8_t* to, const std::uint8_t* from, const std::uint8_t* above, std::size_t bytes) const noexcept;
  void emit(const std::uint8_t* from, std::size_t bytes) noexcept;

  header header_;
  const conversion* conversion_ = nullptr;
  const kernels::set* kernels_ = nullptr;
  std::uint8_t* output_ = nullptr;
  std::size_t stride_ = 0;
  bool direct_ = false;         // rows are unfiltered where they go; else in buffers
  std::size_t filter_unit_ = 1; // bytes
  std::size_t bits_ = 8;        // of a pixel in the file
  std::size_t together_ = 1;    // rows that may be taken at once

  std::size_t pass_index_ = 0;
  pass pass_ = whole_image;
  std::uint32_t columns_ = 0;
  std::uint32_t rows_ = 0;
  std::size_t row_bytes_ = 0;

  std::uint32_t row_ = 0;
  bool in_row_ = false; // its filter has been read
  std::uint8_t filter_ = 0;
  std::size_t at_ = 0; // bytes of the row that are done
  std::uint8_t* current_ = nullptr;
  std::uint8_t* above_ = nullptr; // of no meaning in the first row

  std::uint8_t* buffers_ = nullptr; // a row's each: of as many rows as are taken together, and the one above
  std::size_t buffer_bytes_ = 0;
  std::size_t buffer_ = 0; // the current row's
};

} // namespace weir::png
