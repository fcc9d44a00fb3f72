#pragma once

#include <chrono>
#include <coroutine>

#include <weir/detail/chain.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

/// In nanoseconds; what doesn't fit (292 years) becomes the longest, or shortest, that does.
template<class Rep, class Period> constexpr std::chrono::nanoseconds bounded(std::chrono::duration<Rep, Period> d) noexcept {
  constexpr double limit = 9.2e9;
  const double seconds = std::chrono::duration<double>(d).count();
  if (!(seconds < limit)) {
    return std::chrono::nanoseconds::max();
  }
  return seconds > -limit ? std::chrono::duration_cast<std::chrono::nanoseconds>(d) : std::chrono::nanoseconds::min();
}

/// That long after `t`, or never.
constexpr time_point after(time_point t, std::chrono::nanoseconds d) noexcept {
  if (d > std::chrono::nanoseconds::zero()) {
    return d < time_point::max() - t ? t + d : time_point::max();
  }
  return t; // the past is as good as now
}

class [[nodiscard]] sleep_awaiter final : operation, timer {
public:
  explicit sleep_awaiter(std::chrono::nanoseconds left) noexcept : left_(left) {}
  explicit sleep_awaiter(time_point when) noexcept : when_(when) {}
  sleep_awaiter(const sleep_awaiter&) = delete;
  sleep_awaiter& operator=(const sleep_awaiter&) = delete;
  ~sleep_awaiter() = default;
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) noexcept { begin(*h.promise().chain_); }
  static void await_resume() noexcept {}

private:
  void begin(chain& c) noexcept {
    if (c.stop_requested()) {
      c.stop_soon();
      return;
    }
    chain_ = &c;
    c.park(*this);
    c.loop().arm(*this, when_ != time_point{} ? when_ : after(c.loop().now(), left_));
  }
  void stop() noexcept override {
    chain_->loop().disarm(*this);
    chain_->stop_soon();
  }
  [[nodiscard]] wait_note waits_for() const noexcept override { return {"sleep"}; }
  void fire() noexcept override { chain_->resume_soon(); }
  chain* chain_ = nullptr;
  std::chrono::nanoseconds left_{};
  time_point when_{};
};

/// The loop's clock; doesn't wait.
class [[nodiscard]] now_awaiter {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    now_ = h.promise().chain_->loop().now();
    return false;
  }
  [[nodiscard]] time_point await_resume() const noexcept { return now_; }

private:
  time_point now_{};
};

class [[nodiscard]] ready_awaiter {
public:
  static constexpr bool await_ready() noexcept { return true; }
  static void await_suspend(std::coroutine_handle<>) noexcept {}
  static void await_resume() noexcept {}
};

class [[nodiscard]] yield_awaiter final {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> static void await_suspend(std::coroutine_handle<P> h) noexcept {
    chain& c = *h.promise().chain_;
    c.stop_requested() ? c.stop_soon() : c.resume_soon();
  }
  static void await_resume() noexcept {}
};

} // namespace detail

/// Waits, without a thread. A stop ends it at once.
template<class Rep, class Period> detail::sleep_awaiter sleep_for(std::chrono::duration<Rep, Period> d) noexcept {
  return detail::sleep_awaiter(detail::bounded(d));
}
inline detail::sleep_awaiter sleep_until(std::chrono::steady_clock::time_point when) noexcept {
  return detail::sleep_awaiter(when);
}

/// Lets what is ready run first: for long loops that wait for nothing. A point where a stop is seen.
inline detail::yield_awaiter yield() noexcept { return {}; }

} // namespace weir
