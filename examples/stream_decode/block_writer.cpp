#include "block_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>

#include "output_error.hpp"

namespace stream_decode {

void block_writer::write(std::string_view text) {
  kept_ += text;
  if (kept_.size() >= block)
    write_out(until_signal_);
}

void block_writer::flush() { write_out(cli::patience{}); }

// A pipe that polls as writable takes PIPE_BUF bytes without blocking; more it may not.
void block_writer::write_out(const cli::patience& limit) {
  std::size_t done = 0;
  while (done < kept_.size() && cli::wait_for(descriptor_, POLLOUT, limit)) {
    const auto wrote = ::write(descriptor_, kept_.data() + done, std::min<std::size_t>(kept_.size() - done, PIPE_BUF));
    if (wrote >= 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR && errno != EAGAIN) {
      const int problem = errno;
      kept_.clear(); // a second try would fail the same way
      throw output_error("stdout", "cannot be written", problem);
    }
  }
  kept_.erase(0, done);
}

} // namespace stream_decode
