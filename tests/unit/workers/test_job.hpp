#pragma once

#include <atomic>
#include <functional>

#include "workers/job.hpp"

/// A job of closures: `on_worker` on a worker, `on_loop` when it is back.
struct test_job final : weir::workers::job {
  test_job()
      : job([](job& j, int w) noexcept { static_cast<test_job&>(j).on_worker(w); },
            [](remote_node& n) noexcept {
              auto& j = static_cast<test_job&>(n);
              ++j.came_back;
              if (j.on_loop) {
                j.on_loop();
              }
            }) {}
  std::function<void(int)> on_worker = [](int) {};
  std::function<void()> on_loop;
  int came_back = 0;
};

/// A worker that is told when to go on.
struct gate {
  std::atomic<bool> reached{false};
  std::atomic<bool> open{false};
  void pass() {
    reached = true;
    reached.notify_all();
    open.wait(false);
  }
  void let_go() {
    open = true;
    open.notify_all();
  }
};
