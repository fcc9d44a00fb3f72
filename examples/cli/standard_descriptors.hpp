#pragma once

namespace cli {

/// Holds the places of stdin, stdout and stderr where the process was started without one of them, so that no file that is
/// opened later gets its number, and what is printed into itself. Reading or writing such a one fails with EBADF. First in
/// main.
void hold_standard_descriptors() noexcept;

} // namespace cli
