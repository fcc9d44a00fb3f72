#include "blocking_engine.hpp"

#include <algorithm>

#include "file_steps.hpp"
#include "quiet_thread.hpp"

namespace weir::io {

namespace {
std::string name_of(std::size_t thread) { return "weir-read-" + std::to_string(thread); }
} // namespace

blocking_engine::blocking_engine(loop::remote& remote, int threads) : front(remote), waiting_(remote) {
  const int count = std::max(threads, 1);
  threads_.reserve(static_cast<std::size_t>(count));
  try {
    for (int i = 0; i < count; ++i) {
      threads_.push_back(start_quiet_thread(name_of(threads_.size()).c_str(), [this] { serve(); }));
    }
  } catch (...) {
    stop_threads();
    throw;
  }
}

blocking_engine::~blocking_engine() { stop_threads(); }

void blocking_engine::stop_threads() noexcept {
  queue_.close();
  for (std::thread& t : threads_) {
    t.join();
  }
}

void blocking_engine::name_threads(std::vector<std::string>& to) const {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    to.push_back(name_of(i));
  }
  waiting_.name_threads(to);
}

void blocking_engine::hand_over(op_list& ops) noexcept {
  queue_.hand_over(ops);
  if (look_) {
    look_ = false;
    waiting_.look();
  }
}

bool blocking_engine::retract(read_op& op) noexcept {
  const bool taken_back = queue_.retract(op);
  look_ = look_ || !taken_back;
  return taken_back;
}

void blocking_engine::serve() noexcept {
  while (read_op* op = queue_.wait_for_one()) {
    const progress p = carry_on_past_leases(*op);
    if (p == progress::later && queue_.stall(*op)) {
      continue; // without a free descriptor there is nothing of it to come back
    }
    int error = 0;
    const bool waits = p == progress::unready && waiting_.add(*op, error);
    if (!waits) {
      if (p == progress::unready) {
        close_file(*op);
        failed(*op, error, false);
      }
      remote().post_remote(*op);
    }
    queue_.finished();
  }
}

} // namespace weir::io
