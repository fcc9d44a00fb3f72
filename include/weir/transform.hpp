#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/window.hpp>
#include <weir/image.hpp>
#include <weir/on_worker.hpp>
#include <weir/pipeline.hpp>

namespace weir {

struct transform_options {
  std::size_t in_flight = 32;       ///< items at a time; at least 1, else std::invalid_argument
  weir::order order = order::input; ///< of delivery
};

namespace detail {

template<class T> struct is_task : std::false_type {};
template<class T> struct is_task<task<T>> : std::true_type {};

/// What a function makes of an item: on a worker, or, if it is a coroutine, on the loop.
template<class F, class T> struct transformed {
  using returned = std::remove_cvref_t<std::invoke_result_t<F&, T&&>>;
  static constexpr bool awaited = false;
  using type = returned;
};
template<class F, class T>
requires is_task<std::remove_cvref_t<std::invoke_result_t<F&, T&&>>>::value struct transformed<F, T> {
  static constexpr bool awaited = true;
  using type = typename std::remove_cvref_t<std::invoke_result_t<F&, T&&>>::value_type;
};

/// A function and its argument. (Not a lambda: those of a template's members have no linkage on g++ 12.2, which warns.)
template<class R, class F, class A> struct bound_call {
  F& function;
  A&& argument;
  R operator()() { return std::invoke(function, std::forward<A>(argument)); }
};

/// Base of the stages that call a function on several items at a time: the pump and the window.
template<class T, class U, class F> class working_stream : public stream_base<U> {
public:
  working_stream(stream_ptr<T> up, F f, transform_options o, std::shared_ptr<pressure> strain)
      : f_(std::move(f)), up_(std::move(up)), strain_(strain), window_(o.in_flight, o.order, std::move(strain)) {}
  task<std::optional<item<U>>> next() override { co_return co_await window_.next(); }
  task<> pump(scope& producers) {
    while (auto i = co_await up_->next()) {
      const in_hand held(strain_.get(), *i);
      co_await window_.room();
      if (i->failed()) {
        window_.push(std::move(*i).template failure_as<U>());
        continue;
      }
      typename window<U>::slot& slot = *window_.open(bytes_of(i->value()));
      producers.spawn(work(slot, std::move(*i)));
    }
    window_.finish();
  }

protected:
  ~working_stream() = default;
  /// The item's result. Throws its failure.
  virtual task<U> apply(T& value) = 0;
  F f_;

private:
  task<> work(typename window<U>::slot& slot, item<T> i) {
    std::exception_ptr failure;
    try {
      U value = co_await apply(i.value());
      window_.complete(slot, item<U>(i.info, std::move(value)));
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      window_.complete(slot, item<U>(i.info, std::move(failure)));
    }
  }
  stream_ptr<T> up_;
  std::shared_ptr<pressure> strain_;
  window<U> window_;
};

template<class T, class U, class F> class transform_stream final : public working_stream<T, U, F> {
public:
  using working_stream<T, U, F>::working_stream;

private:
  task<U> apply(T& value) override {
    give_to_user(value);
    if constexpr (transformed<F, T>::awaited) {
      co_return co_await std::invoke(this->f_, std::move(value));
    } else {
      bound_call<U, F, T> call{this->f_, std::move(value)};
      co_return co_await on_worker(call);
    }
  }
};

/// Looks at each item on a worker, and gives it on as it is.
template<class T, class F> class inspect_stream final : public working_stream<T, T, F> {
public:
  using working_stream<T, T, F>::working_stream;

private:
  task<T> apply(T& value) override {
    bound_call<void, F, const T&> call{this->f_, value};
    co_await on_worker(call);
    co_return std::move(value);
  }
};

template<class T, class F> class filter_stream final : public stream_base<T> {
public:
  filter_stream(stream_ptr<T> up, F f) : up_(std::move(up)), f_(std::move(f)) {}
  task<std::optional<item<T>>> next() override {
    while (auto i = co_await up_->next()) {
      if (i->failed()) {
        co_return std::move(i);
      }
      std::exception_ptr failure;
      try {
        if (std::invoke(f_, static_cast<const T&>(i->value()))) {
          co_return std::move(i);
        }
      } catch (...) {
        failure = std::current_exception();
      }
      if (failure) {
        item<T> failed(i->info, std::move(failure));
        co_return std::optional<item<T>>(std::move(failed));
      }
    }
    co_return std::optional<item<T>>();
  }

private:
  stream_ptr<T> up_;
  F f_;
};

template<class T, class U, class F, class Stream, bool KeepsPlace> class working_node final : public node<U> {
public:
  working_node(node_ptr<T> up, F f, transform_options o) : up_(std::move(up)), f_(std::move(f)), options_(o) {}
  stream_ptr<U> connect(connection& c) override {
    if constexpr (KeepsPlace) {
      c.fills_blanks = false;
      c.any_order = c.any_order || options_.order == order::completion;
    } else {
      c.not_direct();
    }
    std::shared_ptr<pressure> strain = c.strain;
    auto s = std::make_unique<Stream>(up_->connect(c), f_, options_, std::move(strain));
    c.producers.spawn(s->pump(c.producers));
    return s;
  }

private:
  node_ptr<T> up_;
  F f_;
  transform_options options_;
};

template<class T, class F> class filter_node final : public node<T> {
public:
  filter_node(node_ptr<T> up, F f) : up_(std::move(up)), f_(std::move(f)) {}
  stream_ptr<T> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<filter_stream<T, F>>(up_->connect(c), f_);
  }

private:
  node_ptr<T> up_;
  F f_;
};

template<class F> class transform_stage : public stage_base {
public:
  transform_stage(F f, transform_options o) : f_(std::move(f)), options_(o) {
    check_in_flight(o.in_flight, "weir: transform needs at least one item in flight");
  }
  template<class T> auto operator()(pipeline<T>&& p) && {
    using U = typename transformed<F, T>::type;
    return pipeline<U>(
        std::make_unique<working_node<T, U, F, transform_stream<T, U, F>, false>>(p.take_node(), std::move(f_), options_));
  }

private:
  F f_;
  transform_options options_;
};

template<class F> class inspect_stage : public stage_base {
public:
  inspect_stage(F f, transform_options o) : f_(std::move(f)), options_(o) {
    check_in_flight(o.in_flight, "weir: inspect needs at least one item in flight");
  }
  template<class T> auto operator()(pipeline<T>&& p) && {
    return pipeline<T>(
        std::make_unique<working_node<T, T, F, inspect_stream<T, F>, true>>(p.take_node(), std::move(f_), options_));
  }

private:
  F f_;
  transform_options options_;
};

template<class F> class filter_stage : public stage_base {
public:
  explicit filter_stage(F f) : f_(std::move(f)) {}
  template<class T> auto operator()(pipeline<T>&& p) && {
    return pipeline<T>(std::make_unique<filter_node<T, F>>(p.take_node(), std::move(f_)));
  }

private:
  F f_;
};

} // namespace detail

/// Calls `f(T&&)` for each item, several at a time: on the workers, if it gives a value; on the loop, if it gives a `task` (it
/// may await then). What it throws fails its item alone. `f` is called from several threads at once. The item itself
/// is destroyed on the loop thread. On a stop, a function that runs is waited for.
template<class F> [[nodiscard]] auto transform(F f, transform_options options = {}) {
  return detail::transform_stage<F>(std::move(f), options);
}

/// Calls `f(const T&)` for each item on the workers, several at a time, and gives the items on as they are, in the order asked
/// for. A batch behind it is still decoded in place. What it throws fails its item alone.
template<class F> [[nodiscard]] auto inspect(F f, transform_options options = {}) {
  return detail::inspect_stage<F>(std::move(f), options);
}

/// Leaves out the items for which `f(const T&)` is false. Called on the loop thread: keep it short. Failed items go past it;
/// what it throws fails its item alone.
template<class F> [[nodiscard]] auto filter(F f) { return detail::filter_stage<F>(std::move(f)); }

} // namespace weir
