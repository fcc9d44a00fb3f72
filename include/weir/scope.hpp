#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/detail/child.hpp>
#include <weir/detail/explore.hpp>
#include <weir/detail/waiters.hpp>
#include <weir/task.hpp>

namespace weir {

class scope;

struct scope_options {
  std::size_t room = 256; ///< how many children `spawn_when_room` allows at a time; at least 1
};

namespace detail {

class room_waiter;

/// The bookkeeping of a scope: its children, who waits for room, and its end.
class nursery : public group {
public:
  /// Throws std::logic_error if there is no room for any child.
  explicit nursery(scope_options o);
  /// Whether a child may be started. If it may not, the scope has not done what it was asked to, which counts as a child that
  /// was stopped. Throws std::logic_error if a task of another runtime is asking.
  [[nodiscard]] bool may_spawn() {
    if (const frame_recycler* const r = frame_recycler::current(); r != runtime_ && r != nullptr) {
      throw_misuse("weir: spawn() into a scope of another runtime");
    }
    child_stopped_ = child_stopped_ || source_.stop_requested();
    return !source_.stop_requested();
  }
  void child_ended() noexcept;
  void body_ended() noexcept;
  /// Wakes as many waiters as there is room for.
  void serve_room() noexcept;
  [[nodiscard]] bool has_room() const noexcept { return children_ + reserved_ < room_; }

  using group::parent_;
  using group::settle;
  using group::source_;
  std::size_t children_ = 0;
  std::size_t reserved_ = 0; // room of waiters that were woken and have not spawned yet
  bool body_running_ = false;
  bool child_stopped_ = false;
  wait_queue room_waiters_;
  chain* held_body_ = nullptr; // a body that is to be unwound once the children have ended

protected:
  ~nursery() = default;

private:
  virtual void all_ended() noexcept = 0;
  std::size_t room_;
  const frame_recycler* runtime_ = frame_recycler::current(); // whose scope it is, as far as can be told; null: nobody's
};

class scope_child : public child<void> {
protected:
  scope_child(nursery& s, task<>&& t);
  /// For a child whose task is made from what it owns: see spawned.
  explicit scope_child(nursery& s) noexcept : nursery_(&s) {}
  virtual ~scope_child() = default;
  void begin(task<>&& t);

private:
  void completed(completion how) noexcept final;
  nursery* nursery_;
};

class spawned_task final : public scope_child, public recycled {
public:
  spawned_task(nursery& s, task<>&& t) : scope_child(s, std::move(t)) {}
};

/// Owns copies of the function and its arguments, which its task refers to.
template<class F, class... Args> class spawned final : public scope_child, public recycled {
public:
  template<class G, class... As>
  explicit spawned(nursery& s, G&& f, As&&... args) : scope_child(s), f_(std::forward<G>(f)), args_(std::forward<As>(args)...) {
    begin(std::apply([this](Args&... a) -> task<> { return std::invoke(f_, std::move(a)...); }, args_));
  }

private:
  F f_;
  std::tuple<Args...> args_;
};

/// Waits until a scope has room for a child, and keeps that room until its own end.
class [[nodiscard]] room_waiter final : public waiter {
public:
  explicit room_waiter(nursery& s) noexcept : waiter(s.room_waiters_), nursery_(s) {}
  /// By now the child has taken the room, or it is free again.
  ~room_waiter() {
    if (woken()) {
      --nursery_.reserved_;
      nursery_.serve_room();
    }
  }
  static void await_resume() noexcept {}

private:
  bool ready() noexcept override { return nursery_.has_room() && nursery_.room_waiters_.empty(); }
  [[nodiscard]] wait_note waits_for() const noexcept override { return {"room in a scope"}; }
  nursery& nursery_;
};

} // namespace detail

/// A nursery: the children started in it never outlive it. Made by `with_scope`; loop thread only.
///
///     co_await weir::with_scope([&](weir::scope& s) -> weir::task<> {
///       for (auto& p : paths) co_await s.spawn_when_room(fetch, p);
///     });                                    // all have ended here, in every case
///
/// - The first error of a child or of the body stops the others; it is thrown by `with_scope` when all have ended. What fails
/// after that
///   is listed in the outcome's `suppressed()`.
/// - A stop of the tree reaches the children newest first. A suspended child is destroyed once what it waits for has ended; the
/// body's frame
///   is destroyed after the last child.
/// - Children refer only to what outlives `with_scope`, or to arguments that `spawn` copied: a local of the body dies at the
///   body's `co_return` or `throw`, before the children.
class scope : protected detail::nursery {
public:
  /// Starts a child that runs `t`; it runs its first step later, from the loop. Into a stopping scope: nothing starts, `t` is
  /// destroyed. Throws std::bad_alloc, or std::logic_error if `t` is empty or the caller is a task of another runtime, and then
  /// nothing has started.
  void spawn(task<> t);
  /// The same for `f(args...)`, which gives a `task<>`; `f` and the arguments are copied, and live as long as the child. `f`
  /// gets the copies as rvalues; an object that all share is passed by `std::ref`.
  template<class F, class... Args>
  requires std::invocable < std::decay_t<F>
  &, std::decay_t<Args>... > void spawn(F&& f, Args&&... args) {
    if (may_spawn()) {
      new detail::spawned<std::decay_t<F>, std::decay_t<Args>...>(*this, std::forward<F>(f), std::forward<Args>(args)...);
    }
  }
  /// Awaited: waits until fewer than `scope_options::room` children run, then spawns. For unbounded input. Waiters are served
  /// in order. If the waiting task is stopped, nothing starts.
  template<class F, class... Args> task<> spawn_when_room(F&& f, Args&&... args) {
    WEIR_CHECK_CLOSURE(F);
    return spawn_later(std::decay_t<F>(std::forward<F>(f)), std::decay_t<Args>(std::forward<Args>(args))...);
  }
  task<> spawn_when_room(task<> t);

  /// Stops the children and the body, but not what awaits the scope: `with_scope` then returns normally.
  void request_stop() noexcept { source_.request_stop(); }
  [[nodiscard]] stop_token get_token() noexcept { return source_.get_token(); }
  /// Children that have not ended.
  [[nodiscard]] std::size_t children() const noexcept { return children_; }

protected:
  using nursery::nursery;
  ~scope() = default;

private:
  template<class F, class... Args> task<> spawn_later(F f, Args... args) {
    detail::room_waiter turn(*this);
    co_await turn;
    spawn(std::move(f), std::move(args)...);
  }
};

namespace detail {

/// The operation behind with_scope: the scope, and its body as a chain of its own. `F` outlives it.
template<class R, class F> class scope_join final : public scope, child<R> {
public:
  scope_join(F& body, scope_options o) : scope(o), body_(body) {}
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!this->begin(*h.promise().chain_)) {
      return;
    }
    try { // a body that is no coroutine runs here, and may spawn, stop the scope, or throw
      this->launch(this->parent_->loop(), this->source_, std::invoke(body_, static_cast<scope&>(*this)));
      this->body_running_ = true;
    } catch (...) {
      this->fail(std::current_exception(), this->parent_->loop().next_event(), this->source_.stop_requested());
      stopped_ = !this->error_;
      this->body_ended();
    }
  }
  R await_resume() {
    this->rethrow();
    if constexpr (!std::is_void_v<R>) {
      return this->outcome().take();
    }
  }

private:
  [[nodiscard]] wait_note waits_for() const noexcept override { return this->join_of("scope join"); }
  void completed(completion how) noexcept override {
    stopped_ = this->settle(*this, how);
    if (stopped_) {
      this->source_.request_stop();
    }
    this->body_ended();
  }
  bool hold_unwinding() noexcept override {
    if (this->children_ != 0 && !WEIR_PLANTED(body_first)) {
      this->source_.request_stop(); // the body may have ended stopped by its own wish
      this->held_body_ = this;
      return true;
    }
    return false;
  }
  void all_ended() noexcept override {
    // A body without a value, and no error: the scope was stopped. If that was its own doing, a scope without a value to give
    // returns normally.
    const bool own = std::is_void_v<R> && !this->parent_->stop_requested();
    if ((stopped_ || (this->child_stopped_ && this->parent_->stop_requested())) && !this->error_ && !own) {
      this->end_stopped();
    } else {
      this->end();
    }
  }

  F& body_;
  bool stopped_ = false;
};

template<class R, class F> task<R> run_scope(F f, scope_options o) {
  scope_join<R, F> join(f, o);
  co_return co_await join;
}

} // namespace detail

/// Runs `body(scope&)`, a function that gives a `task<R>`, and waits for it and for every child that was spawned, in every
/// case. Gives the body's value; throws the first error of the body or a child. A stopped child has just ended; a stopped body
/// stops its scope. `body` may be a named object (kept by reference) or a temporary without non-trivial captures.
template<class F> auto with_scope(F&& body, scope_options options = {}) {
  WEIR_CHECK_CLOSURE(F);
  using task_type = std::invoke_result_t<detail::kept_function<F>&, scope&>;
  return detail::run_scope<typename task_type::value_type, detail::kept_function<F>>(detail::kept_function<F>(body), options);
}

} // namespace weir
