#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <uv.h>

#include "io/blocking_engine.hpp"
#include "io/uring_engine.hpp"
#include "io/uv_engine.hpp"

namespace weir::test {

/// The least that an engine needs of a loop: what is posted runs on the thread that calls `turn`.
class test_loop : public loop::remote {
public:
  virtual ~test_loop() = default;
  void post_remote(loop::remote_node& node) noexcept override { post_remote_chain(node, node); }
  void post_remote_chain(loop::remote_node& first, loop::remote_node& last) noexcept override {
    queue_.push_chain(first, last);
    wake();
  }

  /// Hands over, waits for something to come back, and runs it.
  void turn() {
    engine->flush();
    if (!queue_.empty() || wait()) {
      drain();
    }
  }
  void run_until(const std::function<bool()>& over) {
    while (!over()) {
      turn();
    }
    engine->flush();
  }
  /// Hands over, and waits for something to come back, without running it.
  void await_post() {
    engine->flush();
    while (queue_.empty()) {
      wait();
    }
  }
  /// Runs what has come back already.
  void drain() {
    for (loop::remote_node* node = queue_.take_all(); node != nullptr;) {
      loop::remote_node* following = node->next;
      node->run(*node);
      node = following;
    }
  }

  std::unique_ptr<io::engine> engine;

protected:
  virtual void wake() noexcept = 0;
  virtual bool wait() = 0;
  loop::remote_queue queue_;
};

class own_test_loop final : public test_loop {
public:
  ~own_test_loop() override { engine.reset(); } // its threads may still be waking this one

protected:
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    woken_.notify_one();
  }
  bool wait() override {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return awake_; });
    awake_ = false;
    return true;
  }

private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool awake_ = false;
};

class uv_test_loop final : public test_loop {
public:
  uv_test_loop() {
    uv_loop_init(&uv);
    uv_async_init(&uv, &async_, [](uv_async_t*) {});
  }
  ~uv_test_loop() override {
    engine.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
    uv_run(&uv, UV_RUN_DEFAULT);
    closed_cleanly = uv_loop_close(&uv) == 0;
    if (!closed_cleanly) {
      std::abort(); // something of the engine was left in its host
    }
  }
  uv_loop_t uv{};
  bool closed_cleanly = false;

protected:
  void wake() noexcept override { uv_async_send(&async_); }
  bool wait() override {
    uv_run(&uv, UV_RUN_ONCE);
    return true;
  }

private:
  uv_async_t async_{};
};

inline std::unique_ptr<test_loop> make_loop(const std::string& kind, unsigned depth = 32) {
  if (kind == "uv") {
    auto loop = std::make_unique<uv_test_loop>();
    loop->engine = std::make_unique<io::uv_engine>(*loop, &loop->uv);
    return loop;
  }
  auto loop = std::make_unique<own_test_loop>();
  if (kind == "uring") {
    loop->engine = std::make_unique<io::uring_engine>(*loop, depth);
  } else {
    loop->engine = std::make_unique<io::blocking_engine>(*loop, 4);
  }
  return loop;
}

/// False where this machine forbids io_uring: the tests of the ring are skipped there.
inline bool ring_works() {
  static const bool works = [] {
    try {
      make_loop("uring");
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }();
  return works;
}

} // namespace weir::test
