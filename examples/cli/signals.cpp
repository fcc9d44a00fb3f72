#include "signals.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <sched.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace cli {

namespace {

// What the handler may touch: lock-free atomics, and descriptors by number.
std::atomic<int> first_signal{0};
std::atomic<int> wake{-1};
std::atomic<signals::callback> function_to_call{nullptr};
std::atomic<void*> its_context{nullptr};
std::atomic<signals::callback> function_on_request{nullptr};
std::atomic<void*> context_on_request{nullptr};
std::atomic<int> handlers_running{0};

void on_signal(int number) {
  const int saved_errno = errno;
  handlers_running.fetch_add(1);
  int none = 0;
  if (first_signal.compare_exchange_strong(none, number)) {
    struct sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    sigaction(SIGINT, &by_default, nullptr);
    sigaction(SIGTERM, &by_default, nullptr);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake.load(), &one, sizeof one);
    if (auto* function = function_to_call.load(); function != nullptr)
      function(its_context.load());
  }
  handlers_running.fetch_sub(1);
  errno = saved_errno;
}

void on_request(int) {
  const int saved_errno = errno;
  handlers_running.fetch_add(1);
  if (auto* function = function_on_request.load(); function != nullptr)
    function(context_on_request.load());
  handlers_running.fetch_sub(1);
  errno = saved_errno;
}

} // namespace

signals::signals() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  first_signal.store(0);
  wake.store(descriptor);
  struct sigaction answer {};
  answer.sa_handler = on_request;
  answer.sa_flags = SA_RESTART; // whoever waits has nothing to learn from this one
  sigemptyset(&answer.sa_mask);
  sigaction(SIGUSR1, &answer, &old_user_);
  struct sigaction take {};
  take.sa_handler = on_signal; // and no SA_RESTART: a write to a full pipe must come back
  sigemptyset(&take.sa_mask);
  sigaction(SIGINT, &take, &old_interrupt_);
  sigaction(SIGTERM, &take, &old_terminate_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &old_pipe_);
}

signals::~signals() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  sigaction(SIGUSR1, &old_user_, nullptr);
  call_nothing();
  close(wake.exchange(-1));
}

int signals::received() const noexcept { return first_signal.load(); }
int signals::wake_descriptor() const noexcept { return wake.load(); }

// Either the handler's load of the function comes after the store here, or its exchange of first_signal comes before the look
// at it here: the order of all four is total, so no signal falls between.
void signals::call(callback function, void* context) noexcept {
  its_context.store(context);
  function_to_call.store(function);
  if (first_signal.load() != 0)
    function(context);
}

void signals::call_on_request(callback function, void* context) noexcept {
  context_on_request.store(context);
  function_on_request.store(function);
}

void signals::call_nothing() noexcept {
  function_to_call.store(nullptr);
  function_on_request.store(nullptr);
  while (handlers_running.load() != 0) // on another thread: a handler on this one has returned before this line goes on
    sched_yield();
}

} // namespace cli
