#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/patience.hpp"

namespace stream_decode {

/// A descriptor written to in big blocks. On one thread.
///
/// While it waits for a slow reader it looks at the signals: once one has come, `write` only keeps what it is given, so that a
/// full pipe can't hold up the teardown; `flush` then writes it all, however long the reader takes (a second signal kills).
class block_writer {
public:
  /// Neither is owned. `stop` may be null.
  block_writer(int descriptor, cli::signals* stop) noexcept : descriptor_(descriptor), until_signal_{.stop = stop} {}

  /// Takes the text, and writes when a block is full. Throws output_error.
  void write(std::string_view text);
  /// Writes everything. Throws as above.
  void flush();

private:
  void write_out(const cli::patience& limit);

  static constexpr std::size_t block = std::size_t{1} << 16U;
  int descriptor_;
  cli::patience until_signal_;
  std::string kept_;
};

} // namespace stream_decode
