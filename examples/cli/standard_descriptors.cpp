#include "standard_descriptors.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace cli {

// Lowest first: open takes the lowest number that is free. Opened for the direction that the place is not for.
void hold_standard_descriptors() noexcept {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number)
    if (fcntl(number, F_GETFD) < 0 && errno == EBADF && open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      return;
}

} // namespace cli
