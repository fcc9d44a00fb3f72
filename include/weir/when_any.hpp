#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <weir/detail/child.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

class any_group;

template<class T> class any_child final : public child<T> {
public:
  void begin(any_group& g, std::size_t index, task<T>&& t);
  value_or_monostate<T> take() { return take_value(this->outcome()); }

private:
  void completed(completion how) noexcept override;
  any_group* group_ = nullptr;
  std::size_t index_ = 0;
};

class any_group : public group {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<class T> void one_ended(const any_child<T>& c, completion how, std::size_t index) noexcept;
  using group::parent_;
  using group::source_;

protected:
  any_group() = default;
  ~any_group() = default;
  static constexpr std::size_t none = ~std::size_t{0};
  template<class F> void await(chain& parent, std::size_t count, F start_all) {
    if (!begin(parent)) {
      return;
    }
    left_ = count + 1; // see all_group
    start_all();
    one_ended();
  }
  std::size_t winner_ = none;

private:
  [[nodiscard]] wait_note waits_for() const noexcept final { return join_of("when_any"); }
  void one_ended() noexcept {
    if (--left_ == 0) {
      winner_ == none && !error_ ? end_stopped() : end();
    }
  }
  std::size_t left_ = 0;
};

template<class T> void any_child<T>::begin(any_group& g, std::size_t index, task<T>&& t) {
  group_ = &g;
  index_ = index;
  this->launch(g.parent_->loop(), g.source_, std::move(t));
}

template<class T> void any_child<T>::completed(completion how) noexcept { group_->one_ended(*this, how, index_); }

template<class T> void any_group::one_ended(const any_child<T>& c, completion how, std::size_t index) noexcept {
  const bool decided = winner_ != none || error_;
  if (how == completion::finished) {
    if (c.outcome().error()) {
      fail(c.outcome().error(), c.error_decided_at(), decided || c.error_came_late());
    } else if (!decided) {
      winner_ = index;
      source_.request_stop();
    }
  }
  one_ended();
}

template<class... Ts> class any_tuple final : public any_group {
public:
  using value_type = std::variant<value_or_monostate<Ts>...>;
  explicit any_tuple(task<Ts>&&... tasks) : tasks_(nonempty(std::move(tasks))...) {}
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    await(*h.promise().chain_, sizeof...(Ts), [this] { start(std::index_sequence_for<Ts...>{}); });
  }
  value_type await_resume() {
    rethrow();
    std::optional<value_type> value;
    take(value, std::index_sequence_for<Ts...>{});
    return std::move(*value);
  }

private:
  template<std::size_t... I> void start(std::index_sequence<I...>) {
    (std::get<I>(children_).begin(*this, I, std::move(std::get<I>(tasks_))), ...);
  }
  template<std::size_t... I> void take(std::optional<value_type>& value, std::index_sequence<I...>) {
    ((I == winner_ ? void(value.emplace(std::in_place_index<I>, std::get<I>(children_).take())) : void()), ...);
  }
  std::tuple<task<Ts>...> tasks_;
  std::tuple<any_child<Ts>...> children_;
};

template<class T> class any_vector final : public any_group {
public:
  explicit any_vector(std::vector<task<T>>&& tasks) : tasks_(std::move(tasks)), children_(tasks_.size()) {
    std::for_each(tasks_.begin(), tasks_.end(), [](task<T>& t) { nonempty(std::move(t)); });
  }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    await(*h.promise().chain_, tasks_.size(), [this] {
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        children_[i].begin(*this, i, std::move(tasks_[i]));
      }
    });
  }
  std::pair<std::size_t, value_or_monostate<T>> await_resume() {
    rethrow();
    return std::pair<std::size_t, value_or_monostate<T>>(winner_, children_[winner_].take());
  }

private:
  std::vector<task<T>> tasks_;
  std::vector<any_child<T>> children_;
};

} // namespace detail

/// Runs the tasks at the same time until the first ends with a value or an error; the others are stopped, and have ended when
/// this gives that value (a variant, whose `index()` says which task it was; `std::monostate` for void) or throws that error.
/// What the others still give is dropped; what they throw is listed in the outcome's `suppressed()`. If all are stopped, so is
/// the awaiting task.
template<class... Ts>
requires(sizeof...(Ts) > 0) task<std::variant<detail::value_or_monostate<Ts>...>> when_any(task<Ts>... tasks) {
  detail::any_tuple<Ts...> any(std::move(tasks)...);
  co_return co_await any;
}

/// The same for any number of tasks of one type; gives the index and the value. With none, the awaiting task is stopped.
template<class T> task<std::pair<std::size_t, detail::value_or_monostate<T>>> when_any(std::vector<task<T>> tasks) {
  detail::any_vector<T> any(std::move(tasks));
  co_return co_await any;
}

} // namespace weir
