#include "uring_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <latch>
#include <optional>
#include <system_error>

#include "quiet_thread.hpp"
#include "ring_driver.hpp"

namespace weir::io {

uring_engine::uring_engine(loop::remote& remote, unsigned depth) : front(remote) {
  std::exception_ptr failure;
  std::latch made(1);
  // The ring belongs to the thread that made it, from the set-up to the end.
  thread_ = start_quiet_thread("weir-io", [&, depth] {
    std::optional<ring_driver> driver;
    try {
      driver.emplace(this->remote(), queue_, wake_, std::clamp(depth, 1U, 4096U));
    } catch (...) { // as it is: where memory has run out, there is none for another error either
      failure = std::current_exception();
    }
    const bool works = driver.has_value();
    made.count_down(); // the constructor's locals are gone from here on, unless it failed
    if (works) {
      driver->run();
    }
  });
  made.wait();
  if (failure) {
    thread_.join();
    std::rethrow_exception(failure);
  }
}

uring_engine::~uring_engine() {
  if (queue_.close()) {
    wake_.wake();
  }
  thread_.join();
}

void uring_engine::hand_over(op_list& ops) noexcept {
  if (queue_.hand_over(ops)) {
    wake_.wake();
  }
}

bool uring_engine::retract(read_op& op) noexcept { return queue_.retract(op); }

} // namespace weir::io
