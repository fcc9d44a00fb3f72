#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/child.hpp>
#include <weir/detail/result.hpp>
#include <weir/stop_flag.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

/// A function on its way to a worker.
class worker_call {
public:
  virtual void call(stop_flag stop) noexcept = 0; ///< on the worker

protected:
  ~worker_call() = default;
};
task<> run_worker_call(worker_call& c);

template<class F> decltype(auto) call_with_flag(F& f, stop_flag stop) {
  if constexpr (std::is_invocable_v<F&, stop_flag>) {
    return std::invoke(f, stop);
  } else {
    return std::invoke(f);
  }
}

template<class F, class R> class worker_function final : public worker_call {
public:
  explicit worker_function(F& f) noexcept : f_(f) {}
  void call(stop_flag stop) noexcept override {
    try {
      if constexpr (std::is_void_v<R>) {
        call_with_flag(f_, stop);
        result_.return_void();
      } else {
        result_.return_value(call_with_flag(f_, stop));
      }
    } catch (...) {
      result_.unhandled_exception();
    }
  }
  R take() { return result_.take(); }

private:
  F& f_;
  result<R> result_;
};

template<class F> using worker_result = std::remove_cvref_t<decltype(call_with_flag(std::declval<F&>(), stop_flag()))>;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage" // g++ 12.2, wrongly: a frame with a field of a coroutine's local class
#endif
template<class F, class R> task<R> run_on_worker(F f) {
  worker_function<F, R> function(f);
  co_await run_worker_call(function);
  co_return function.take();
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

} // namespace detail

/// Runs `f()`, or `f(stop_flag)`, on a worker, and gives what it returns or throws. The function may block; it polls the flag
/// if it takes long. It isn't started once the tree stops; one that runs is waited for. `f` is a named object, kept by
/// reference, or a temporary without non-trivial captures; what it refers to outlives the await.
template<class F> auto on_worker(F&& f) {
  WEIR_CHECK_CLOSURE(F);
  using kept = detail::kept_function<F>;
  return detail::run_on_worker<kept, detail::worker_result<kept>>(kept(f));
}

} // namespace weir
