#pragma once

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include <weir/detail/chain.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// A chain that owns the task it runs. Its frame, with the result, lives until `drop` or its own end.
template<class T> class child : public chain {
public:
  /// After the end as `finished`.
  [[nodiscard]] result<T>& outcome() const noexcept { return task_.promise(); }

protected:
  child() = default;
  ~child() = default;
  /// Throws std::logic_error for an empty task, and then nothing has started. An awaiter is parked by then and can't have that:
  /// it looks in its constructor, see nonempty.
  void launch(context& c, stop_source& source, task<T>&& t) {
    task_ = std::move(t);
    start(c, source, task_.prepare());
  }
  void drop() noexcept { task_ = task<T>(); }

private:
  task<T> task_;
};

/// What several results in one object are called where one of them is void.
template<class T> using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template<class T> value_or_monostate<T> take_value(result<T>& r) {
  if constexpr (std::is_void_v<T>) {
    r.take();
    return {};
  } else {
    return r.take();
  }
}

template<class T> task<T>&& nonempty(task<T>&& t) {
  if (!t) {
    throw_misuse("weir: a task that is empty, or was awaited before, was given to an algorithm");
  }
  return std::move(t);
}

/// An operation that consists of children under a stop source of its own, and ends when all of them have. The awaiting chain is
/// parked on it. The first error stops the others; what fails after that, or after a stop, is listed with the root.
class group : public operation {
public:
  group(const group&) = delete;
  group& operator=(const group&) = delete;

protected:
  group() = default;
  ~group() = default;

  /// False: the awaiting chain's tree is stopping already; it has been told to end, and nothing may be started.
  bool begin(chain& parent, bool shielded = false) noexcept {
    parent_ = &parent;
    if (parent.stop_requested() && !shielded) {
      parent.stop_soon();
      return false;
    }
    source_.attach(parent.loop(), parent.source(), shielded);
    parent.park(*this);
    return true;
  }
  void stop() noexcept override { source_.request_stop(); }

  /// A child has failed. `late`: after a stop, or after another's failure.
  void fail(std::exception_ptr e, std::uint64_t decided, bool late) noexcept {
    if (late || error_) {
      parent_->suppress(std::move(e));
      return;
    }
    error_ = std::move(e);
    decided_at_ = decided;
    if (root_state* const root = source_.root(); root != nullptr) {
      root->ending_since = parent_->loop().now();
    }
    source_.request_stop();
  }
  /// Takes note of how a child ended. True: as stopped, which an error that came late counts as if there is no other.
  template<class T> bool settle(const child<T>& c, completion how) noexcept {
    if (how == completion::stopped) {
      return true;
    }
    if (c.outcome().error()) {
      fail(c.outcome().error(), c.error_decided_at(), c.error_came_late());
      return !error_;
    }
    return false;
  }
  /// All have ended: the awaiting chain goes on, and its awaiter's await_resume calls `rethrow` first.
  void end() noexcept {
    if (error_) {
      parent_->decided_at(decided_at_);
      if (root_state* const root = source_.root(); root != nullptr) {
        root->ending_until = parent_->loop().now();
      }
    }
    parent_->resume_soon();
  }
  void end_stopped() noexcept { parent_->stop_soon(); }
  void rethrow() {
    if (error_) {
      std::rethrow_exception(std::move(error_));
    }
  }

  [[nodiscard]] wait_note join_of(const char* what) const noexcept { return {.what = what, .children = &source_}; }

  chain* parent_ = nullptr;
  stop_source source_;
  std::exception_ptr error_;
  std::uint64_t decided_at_ = 0;
};

/// How the algorithms keep a function object that they are given: an lvalue by reference (it outlives the call, as the awaiting
/// expression does), a temporary by value.
template<class F>
using kept_function = std::conditional_t<std::is_lvalue_reference_v<F> && !std::is_function_v<std::remove_reference_t<F>>,
                                         std::reference_wrapper<std::remove_reference_t<F>>, std::decay_t<F>>;

/// A closure that is a temporary of a co_await expression is destroyed twice by g++ 12.2 (GCC PR99576), unless that doesn't
/// matter.
template<class F>
inline constexpr bool safe_temporary = std::is_lvalue_reference_v<F> || (std::is_trivially_copyable_v<std::decay_t<F>> &&
                                                                         std::is_trivially_destructible_v<std::decay_t<F>>);

} // namespace weir::detail

/// For every algorithm that takes a closure and can be awaited.
#define WEIR_CHECK_CLOSURE(F)                                                                                                  \
  static_assert(                                                                                                               \
      ::weir::detail::safe_temporary<F>,                                                                                       \
      "weir: g++ 12.2 destroys such a closure twice when it is a temporary of a co_await expression. Give it a name "          \
      "(auto f = [x = ...] {...}; co_await with_scope(f)), or capture by reference.")
