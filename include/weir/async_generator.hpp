#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weir/detail/chain.hpp>
#include <weir/detail/recycler.hpp>
#include <weir/detail/result.hpp>
#include <weir/sleep.hpp>

namespace weir {

template<class T> class async_generator;

namespace detail {

template<class T> class generator_promise final : public promise_base, public recycled {
  static_assert(!std::is_reference_v<T>, "weir: a generator of references: yield pointers");
  class [[nodiscard]] yield_point {
  public:
    static constexpr bool await_ready() noexcept { return false; }
    static void await_suspend(std::coroutine_handle<generator_promise> h) noexcept {
      promise_base& p = h.promise();
      p.chain_->give_back(p);
    }
    static void await_resume() noexcept {}
  };

public:
  async_generator<T> get_return_object(std::source_location where = std::source_location::current()) noexcept;
  static std::suspend_always initial_suspend() noexcept { return {}; }
  static yield_point final_suspend() noexcept { return {}; }
  yield_point yield_value(T&& value) {
    value_.emplace(std::move(value));
    return {};
  }
  yield_point yield_value(const T& value) requires std::copy_constructible<T> {
    value_.emplace(value);
    return {};
  }
  static void return_void() noexcept {}
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  /// False: it has ended.
  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  T take() {
    T value(std::move(*value_));
    value_.reset();
    return value;
  }
  void rethrow() {
    if (error_) {
      std::rethrow_exception(std::exchange(error_, {}));
    }
  }

private:
  std::optional<T> value_;
  std::exception_ptr error_;
};

} // namespace detail

/// A coroutine that gives any number of values, each when it is asked for, and may await in between: a stage of a pipeline,
/// written by hand. It is a stream: `next()` and `close()`.
///
///     weir::async_generator<int> evens(weir::stream_of<int> auto in) {
///       while (auto n = co_await in.next())
///         if (*n % 2 == 0) co_yield *n;
///     }
///
/// - It runs in the chain of whoever awaits `next()`: a stop of that destroys it, innermost first, before the awaiting
///   coroutine. `next()` after that is misuse (std::logic_error), never an end. So is a second `next()`, or `close()`, while
///   one is awaited, and a `next()` in another runtime than the first.
/// - After its end, or after it threw, `next()` gives nullopt.
/// - `co_yield` of an aggregate with a non-trivial member: name it first, `co_yield std::move(a)`. Of a temporary, g++ 12.2
///   would destroy the members twice (GCC PR107288).
/// - Destroying one that is idle destroys its locals.
template<class T> class [[nodiscard]] async_generator {
  class [[nodiscard]] next_awaiter {
  public:
    explicit next_awaiter(async_generator& g) noexcept : generator_(&g) {}
    static constexpr bool await_ready() noexcept { return false; }
    template<detail::weir_promise P> bool await_suspend(std::coroutine_handle<P> h) {
      detail::promise_base& from = h.promise();
      if (from.chain_->stop_requested()) {
        from.chain_->stop_soon();
        return true;
      }
      running_ = generator_->begin(from.chain_->loop());
      if (running_) {
        from.chain_->call(generator_->promise(), from);
      }
      return running_;
    }
    std::optional<T> await_resume() {
      if (!running_) {
        return std::nullopt;
      }
      return generator_->take();
    }

  private:
    async_generator* generator_;
    bool running_ = false;
  };

public:
  using promise_type = detail::generator_promise<T>;
  using value_type = T;

  async_generator() noexcept = default;
  async_generator(async_generator&& o) noexcept
      : frame_(std::exchange(o.frame_, nullptr)), loop_(o.loop_), state_(std::exchange(o.state_, state::ended)) {}
  async_generator& operator=(async_generator&& o) noexcept {
    async_generator old(std::move(*this));
    frame_ = std::exchange(o.frame_, nullptr);
    loop_ = o.loop_;
    state_ = std::exchange(o.state_, state::ended);
    return *this;
  }
  ~async_generator() { destroy(); }

  /// Awaited: the next value, or nullopt at the end. Throws what the generator threw. Not while another `next()` is awaited.
  next_awaiter next() noexcept { return next_awaiter(*this); }
  /// Awaited: destroys it; `next()` gives nullopt from then on. What it awaits in destruction is nothing: destructors don't
  /// await.
  detail::ready_awaiter close() {
    if (state_ == state::running && frame_ != nullptr) {
      detail::throw_misuse("weir: close() of a generator whose next() is awaited");
    }
    destroy();
    state_ = state::ended;
    return {};
  }

private:
  friend promise_type;
  enum class state : unsigned char { idle, running, ended }; // running without a frame: it was stopped
  explicit async_generator(void* frame) noexcept : frame_(frame), state_(state::idle) {}
  [[nodiscard]] promise_type& promise() const noexcept {
    return std::coroutine_handle<promise_type>::from_address(frame_).promise();
  }
  void destroy() noexcept {
    if (frame_ != nullptr) {
      std::coroutine_handle<>::from_address(std::exchange(frame_, nullptr)).destroy();
    }
  }
  /// False: it has ended. If the chain is unwound before `take`, the frame is gone and it stays `running`.
  bool begin(detail::context& loop) {
    if (state_ == state::ended) {
      return false;
    }
    if (state_ == state::running) {
      detail::throw_misuse(frame_ == nullptr ? "weir: next() of a generator after it was stopped"
                                             : "weir: next() of a generator while another is awaited");
    }
    if (loop_ != &loop) {
      if (loop_ != nullptr) {
        detail::throw_misuse("weir: next() of a generator that another runtime has begun");
      }
      loop_ = &loop;
    }
    state_ = state::running;
    promise().owner_ = &frame_;
    return true;
  }
  std::optional<T> take() {
    state_ = state::ended;
    promise_type& p = promise();
    if (p.has_value()) {
      state_ = state::idle;
      return std::optional<T>(p.take());
    }
    p.rethrow();
    destroy();
    return std::nullopt;
  }
  void* frame_ = nullptr;
  detail::context* loop_ = nullptr; // the one it runs on, from the first next() on
  state state_ = state::ended;
};

template<class T> async_generator<T> detail::generator_promise<T>::get_return_object(std::source_location where) noexcept {
  const auto h = std::coroutine_handle<generator_promise>::from_promise(*this);
  handle_ = h;
  where_ = where;
  return async_generator<T>(h.address());
}

} // namespace weir
