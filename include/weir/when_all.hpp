#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/detail/child.hpp>
#include <weir/task.hpp>

namespace weir {

namespace detail {

class all_group;

template<class T> class all_child final : public child<T> {
public:
  void begin(all_group& g, task<T>&& t);
  value_or_monostate<T> take() { return take_value(this->outcome()); }

private:
  void completed(completion how) noexcept override;
  all_group* group_ = nullptr;
};

class all_group : public group {
public:
  static constexpr bool await_ready() noexcept { return false; }
  void one_ended(bool stopped) noexcept {
    if (stopped) {
      stopped_ = true;
      source_.request_stop();
    }
    if (--left_ == 0) {
      stopped_ && !error_ ? end_stopped() : end();
    }
  }
  using group::parent_;
  using group::settle;
  using group::source_;

protected:
  all_group() = default;
  ~all_group() = default;
  /// `start_all` begins the children. While it runs, one more is counted, so that the group can't end under it.
  template<class F> void await(chain& parent, std::size_t count, F start_all) {
    if (!begin(parent)) {
      return;
    }
    left_ = count + 1;
    start_all();
    one_ended(false);
  }

private:
  [[nodiscard]] wait_note waits_for() const noexcept final { return join_of("when_all"); }
  std::size_t left_ = 0;
  bool stopped_ = false;
};

template<class T> void all_child<T>::begin(all_group& g, task<T>&& t) {
  group_ = &g;
  this->launch(g.parent_->loop(), g.source_, std::move(t));
}

template<class T> void all_child<T>::completed(completion how) noexcept { group_->one_ended(group_->settle(*this, how)); }

template<class... Ts> class all_tuple final : public all_group {
public:
  explicit all_tuple(task<Ts>&&... tasks) : tasks_(nonempty(std::move(tasks))...) {}
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    await(*h.promise().chain_, sizeof...(Ts), [this] { start(std::index_sequence_for<Ts...>{}); });
  }
  std::tuple<value_or_monostate<Ts>...> await_resume() {
    rethrow();
    return std::apply([](auto&... c) { return std::tuple<value_or_monostate<Ts>...>(c.take()...); }, children_);
  }

private:
  template<std::size_t... I> void start(std::index_sequence<I...>) {
    (std::get<I>(children_).begin(*this, std::move(std::get<I>(tasks_))), ...);
  }
  std::tuple<task<Ts>...> tasks_;
  std::tuple<all_child<Ts>...> children_;
};

template<class T> class all_vector final : public all_group {
public:
  explicit all_vector(std::vector<task<T>>&& tasks) : tasks_(std::move(tasks)), children_(tasks_.size()) {
    std::for_each(tasks_.begin(), tasks_.end(), [](task<T>& t) { nonempty(std::move(t)); });
  }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) {
    await(*h.promise().chain_, tasks_.size(), [this] {
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        children_[i].begin(*this, std::move(tasks_[i]));
      }
    });
  }
  std::vector<value_or_monostate<T>> await_resume() {
    rethrow();
    std::vector<value_or_monostate<T>> values;
    values.reserve(children_.size());
    for (auto& c : children_) {
      values.push_back(c.take());
    }
    return values;
  }

private:
  std::vector<task<T>> tasks_;
  std::vector<all_child<T>> children_;
};

} // namespace detail

/// Runs the tasks at the same time, and gives a tuple of their values, in the order of the arguments; `std::monostate` for
/// void. The first error stops the others, and is thrown when all have ended. If one is stopped, so are all, and the awaiting
/// task.
///
///     auto [a, b] = co_await weir::when_all(read(x), read(y));
template<class... Ts> task<std::tuple<detail::value_or_monostate<Ts>...>> when_all(task<Ts>... tasks) {
  detail::all_tuple<Ts...> all(std::move(tasks)...);
  co_return co_await all;
}

/// The same for any number of tasks of one type. Throws std::bad_alloc before anything has started.
template<class T> task<std::vector<detail::value_or_monostate<T>>> when_all(std::vector<task<T>> tasks) {
  detail::all_vector<T> all(std::move(tasks));
  co_return co_await all;
}

} // namespace weir
