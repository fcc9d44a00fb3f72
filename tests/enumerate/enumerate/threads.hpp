#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <source_location>
#include <utility>

#include <pthread.h>

#include "atomic.hpp"

/// The rest of what the code under test is compiled with: see src/loop/sync.hpp.
namespace weir::sync {

class mutex {
public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  void lock(std::source_location where = std::source_location::current()) noexcept;
  void unlock(std::source_location where = std::source_location::current()) noexcept;

private:
  friend class condition_variable;
  bool held_ = false;
  enumerate::vector_clock released_; // by who held it last
};

class condition_variable {
public:
  condition_variable() noexcept = default;
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;
  void wait(std::unique_lock<mutex>& held, std::source_location where = std::source_location::current()) noexcept;
  void notify_one(std::source_location where = std::source_location::current()) noexcept;
  void notify_all(std::source_location where = std::source_location::current()) noexcept;
};

class thread {
public:
  thread() noexcept = default;
  template<class Function> explicit thread(Function&& f) { begin(std::forward<Function>(f)); }
  thread(thread&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  thread& operator=(thread&& other) noexcept {
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  [[nodiscard]] bool joinable() const noexcept { return number_ >= 0; }
  void join(std::source_location where = std::source_location::current()) noexcept;

private:
  void begin(std::function<void()> body);
  int number_ = -1;
};

void yield(std::source_location where = std::source_location::current()) noexcept;

/// Time stands still: an execution takes none.
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept { return {}; }
};

} // namespace weir::sync
