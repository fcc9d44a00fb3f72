#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <poll.h>

#include "op_list.hpp"
#include "wake_descriptor.hpp"

namespace weir::io {

/// The FIFOs (and terminals) that the blocking engine's threads came upon and that have nothing to read yet. One thread polls
/// them all and reads what comes, without blocking, so any number of them may wait for ever and regular files go on.
/// The thread is started for the first of them: most runs have none.
class waiting_files {
public:
  explicit waiting_files(loop::remote& remote) noexcept : remote_(remote) {}
  waiting_files(const waiting_files&) = delete;
  waiting_files& operator=(const waiting_files&) = delete;
  ~waiting_files();

  /// Any thread. True: `op` will come back from here. False: `error` says why it can't be waited for; it is the caller's.
  bool add(read_op& op, int& error) noexcept;
  /// Loop thread: something that may be here was cancelled.
  void look() noexcept;
  void name_threads(std::vector<std::string>& to) const {
    if (running_.load(std::memory_order_relaxed)) {
      to.emplace_back("weir-wait");
    }
  }

private:
  void run() noexcept;
  void wait(op_list& here, std::size_t count) noexcept;

  loop::remote& remote_;
  std::mutex mutex_;
  // Under the lock; the thread and the descriptor are made there, once, and only then seen by others.
  op_list added_;
  bool closed_ = false;
  std::thread thread_;
  std::optional<wake_descriptor> wake_;
  std::atomic<bool> running_{false};
  std::vector<pollfd> polled_; // the thread's
};

} // namespace weir::io
