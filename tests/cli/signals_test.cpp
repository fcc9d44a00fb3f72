#include "cli/signals.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cli;

namespace {

void count(void* counter) noexcept { static_cast<std::atomic<int>*>(counter)->fetch_add(1); }

bool readable(int descriptor) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) == 1;
}

/// What a child that runs `body` ends by: a signal's number, or minus its exit code.
template<class Body> int end_of_child(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

} // namespace

TEST_CASE("a first signal is recorded, wakes, and calls the callback once") {
  signals taken;
  std::atomic<int> calls = 0;
  taken.call(count, &calls);
  CHECK(taken.received() == 0);
  CHECK_FALSE(readable(taken.wake_descriptor()));
  raise(SIGTERM);
  CHECK(taken.received() == SIGTERM);
  CHECK(readable(taken.wake_descriptor()));
  CHECK(calls == 1);
}

TEST_CASE("a callback that comes after the signal is called at once, one that was taken back is not called") {
  signals taken;
  std::atomic<int> early = 0;
  std::atomic<int> late = 0;
  taken.call(count, &early);
  taken.call_nothing();
  raise(SIGINT);
  taken.call(count, &late);
  CHECK(early == 0);
  CHECK(late == 1);
}

TEST_CASE("a second signal of either kind kills") {
  CHECK(end_of_child([] {
          const signals taken;
          raise(SIGINT);
          raise(SIGINT);
        }) == SIGINT);
  CHECK(end_of_child([] {
          const signals taken;
          raise(SIGINT);
          raise(SIGTERM);
        }) == SIGTERM);
}

TEST_CASE("the handlers are what they were when it has gone, and it can be made again") {
  struct sigaction before {};
  struct sigaction after {};
  sigaction(SIGINT, nullptr, &before);
  for (int i = 0; i < 2; ++i) {
    signals taken;
    CHECK(taken.received() == 0);
    raise(SIGINT);
    CHECK(taken.received() == SIGINT);
  }
  sigaction(SIGINT, nullptr, &after);
  CHECK(before.sa_handler == after.sa_handler);
}

TEST_CASE("SIGUSR1 calls its own callback, each time, and is nothing else: before and after it is ignored") {
  signals taken;
  std::atomic<int> calls = 0;
  raise(SIGUSR1);
  taken.call_on_request(count, &calls);
  raise(SIGUSR1);
  raise(SIGUSR1);
  CHECK(calls == 2);
  CHECK(taken.received() == 0);
  CHECK_FALSE(readable(taken.wake_descriptor()));
  taken.call_nothing();
  raise(SIGUSR1);
  CHECK(calls == 2);
}
