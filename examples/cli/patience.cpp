#include "patience.hpp"

#include <algorithm>
#include <poll.h>

namespace cli {

namespace {

/// Milliseconds for poll(2), rounded up; -1 for no limit.
int poll_time(const patience& limit) {
  if (!limit.deadline)
    return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*limit.deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1'000'000'000));
}

} // namespace

bool wait_for(int descriptor, short events, const patience& limit) {
  pollfd watched[2] = {{.fd = descriptor, .events = events, .revents = 0},
                       {.fd = limit.stop != nullptr ? limit.stop->wake_descriptor() : -1, .events = POLLIN, .revents = 0}};
  while (!limit.over())
    if (poll(watched, 2, poll_time(limit)) > 0 && watched[1].revents == 0)
      return true;
  return false;
}

} // namespace cli
