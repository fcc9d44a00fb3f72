#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/child.hpp>
#include <weir/detail/stream.hpp>
#include <weir/event.hpp>
#include <weir/scope.hpp>
#include <weir/stopped.hpp>

namespace weir {

/// Something that gives values of type T one after the other: `co_await s.next()` is an optional<T>, empty at the end.
template<class S, class T>
concept stream_of = requires(S& s) {
  { s.next().await_resume() } -> std::same_as<std::optional<T>>;
  s.close();
}
|| requires(S& s) {
  { s.next() } -> std::same_as<task<std::optional<T>>>;
  s.close();
};

template<class T> class pipeline;

namespace detail {

/// Base of what can stand on the right of `|`.
struct stage_base {};

/// Where a consumer pulls from: the connected end of a pipeline.
template<class T> struct running_pipeline : recycled {
  stream_ptr<T> end;
  event connected;
  event closing;
  event closed;
};

} // namespace detail

/// The connected end of a pipeline, to be pulled by hand: see with_stream. A stream: `next()` and `close()`.
///
/// - One task pulls at a time: a second `next()`, or `close()`, while one is awaited is misuse (std::logic_error).
/// - A `next()` that is stopped, by a deadline say, has taken nothing: the one after it gives the next value.
template<class T> class stream {
public:
  using value_type = T;
  explicit stream(detail::running_pipeline<T>& p) noexcept : running_(&p) {}

  /// The next value, or nullopt at the end and after `close()`. Throws the failure of an item that no `on_error` has dealt
  /// with.
  task<std::optional<T>> next() {
    const detail::one_at_a_time turn(awaited_);
    if (ended_) {
      co_return std::optional<T>();
    }
    std::optional<item<T>> i = co_await running_->end->next();
    if (!i) {
      ended_ = true;
      co_return std::optional<T>();
    }
    if (i->failed()) {
      std::rethrow_exception(i->failure());
    }
    detail::give_to_user(i->value());
    co_return std::optional<T>(std::move(i->value()));
  }
  /// The same with what the item carries, and with failures as items.
  task<std::optional<item<T>>> next_item() {
    const detail::one_at_a_time turn(awaited_);
    if (ended_) {
      co_return std::optional<item<T>>();
    }
    std::optional<item<T>> i = co_await running_->end->next();
    ended_ = !i;
    if (i && !i->failed()) {
      detail::give_to_user(i->value());
    }
    co_return std::move(i);
  }
  /// Stops what the stages run ahead; returns when all of it has ended. Idempotent.
  task<> close() {
    const detail::one_at_a_time turn(awaited_);
    ended_ = true;
    running_->closing.set();
    co_await running_->closed.wait();
  }

private:
  detail::running_pipeline<T>* running_;
  bool ended_ = false;
  bool awaited_ = false; // a next(), or close()
};

namespace detail {

/// A child of the consumer's scope: the producers' scope, and its end. A failure in there stops the consumer. `outer`: what it
/// is a part of, if it is one pass of a `repeat`.
template<class T>
task<> run_producers(services& runtime, node<T>& description, running_pipeline<T>& running, const connection* outer) {
  auto body = [&](scope& producers) -> task<> {
    connection c{runtime, producers};
    if (outer != nullptr) {
      c.strain = outer->strain;
      c.blanks = outer->blanks;
      c.one_shape = outer->one_shape;
      c.copied = outer->copied;
    }
    running.end = description.connect(c);
    running.connected.set();
    co_await running.closing.wait();
    producers.request_stop();
  };
  co_await with_scope(body);
  running.closed.set();
}

template<class T, class F> task<> run_pipeline(node_ptr<T> description, F consume) {
  services& runtime = co_await services_awaiter{};
  root_state* const root = co_await root_awaiter{};
  running_pipeline<T> running;
  auto body = [&](scope& s) -> task<> {
    s.spawn(run_producers<T>(runtime, *description, running, nullptr));
    co_await running.connected.wait();
    stream<T> end(running);
    co_await std::invoke(consume, end);
    note_end(runtime, root);
    co_await end.close();
  };
  co_await with_scope(body);
  note_ended(runtime, root);
}

template<class T, class F> task<> consume_all(stream<T>& s, F& f) {
  while (auto value = co_await s.next()) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, T>>) {
      std::invoke(f, std::move(*value));
    } else {
      co_await std::invoke(f, std::move(*value));
    }
  }
}

template<class T, class F> task<> run_for_each(node_ptr<T> description, F f) {
  auto consume = [&f](stream<T>& s) -> task<> { return consume_all<T, F>(s, f); };
  co_await run_pipeline<T, std::reference_wrapper<decltype(consume)>>(std::move(description), std::ref(consume));
}

} // namespace detail

/// A description of a stream of `T`: a source and stages. Nothing happens until it is connected, by `for_each` or
/// `with_stream`, in a task that a runtime runs. Movable; runs once: connecting it a second time is std::logic_error.
///
///     auto images = weir::files(paths) | weir::read() | weir::decode_png({.channels = 3}) | weir::batched(32);
///     co_await std::move(images).for_each([&](weir::image_batch b) -> weir::task<> { ... });
///
/// On a stop, an error or an early end, all that the stages have begun has ended before `for_each` does.
template<class T> class [[nodiscard]] pipeline {
public:
  using value_type = T;
  explicit pipeline(detail::node_ptr<T> n) noexcept : node_(std::move(n)) {}

  /// Runs it, and awaits `f(T)` for each value (or calls it, if it gives void): one at a time, in order. Throws the first
  /// failure that no `on_error` has dealt with, and what `f` throws. `f` is a named object, kept by reference, or a temporary
  /// without non-trivial captures.
  template<class F> task<> for_each(F&& f) && {
    WEIR_CHECK_CLOSURE(F);
    return detail::run_for_each<T, detail::kept_function<F>>(take_node(), detail::kept_function<F>(f));
  }

  [[nodiscard]] detail::node_ptr<T> take_node() { ///< the library's
    if (!node_) {
      detail::throw_misuse("weir: a pipeline that has been connected, or moved from, was used again");
    }
    return std::move(node_);
  }

private:
  detail::node_ptr<T> node_;
};

/// Appends a stage. One that has a name is copied, and can be used again.
template<class T, class S>
requires std::derived_from<std::remove_cvref_t<S>, detail::stage_base>
auto operator|(pipeline<T>&& p, S&& stage) {
  static_assert(std::copy_constructible<std::remove_cvref_t<S>>,
                "weir: the function of a stage is copied, for every use of the stage and every pass of a `repeat`");
  std::remove_cvref_t<S> own(std::forward<S>(stage));
  return std::move(own)(std::move(p));
}
template<class T, class S>
requires std::derived_from<std::remove_cvref_t<S>, detail::stage_base>
auto operator|(pipeline<T>& p, S&& stage) = delete; // write std::move(p) | stage

/// Connects `p`, gives its end to `body(stream<T>&)`, a function that gives a `task<>`, and closes it after, however that ends.
///
///     auto body = [&](weir::stream<weir::image>& s) -> weir::task<> {
///       while (auto im = co_await s.next()) { ... if (enough) break; }
///     };
///     co_await weir::with_stream(std::move(p), body);
template<class T, class F> task<> with_stream(pipeline<T> p, F&& body) {
  WEIR_CHECK_CLOSURE(F);
  return detail::run_pipeline<T, detail::kept_function<F>>(p.take_node(), detail::kept_function<F>(body));
}

} // namespace weir
