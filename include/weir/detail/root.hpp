#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/detail/child.hpp>
#include <weir/outcome.hpp>

namespace weir::detail {

struct root_control;
struct runtime_core;

/// A task that a runtime runs, as far as its type doesn't matter.
class root_base {
public:
  explicit root_base(std::shared_ptr<root_control> c) noexcept : control_(std::move(c)) {}
  root_base(const root_base&) = delete;
  root_base& operator=(const root_base&) = delete;
  virtual ~root_base() = default;
  virtual void launch(context& c) = 0;
  /// The runtime closes before it could start.
  virtual void never_started() noexcept = 0;

  [[nodiscard]] stop_source& source() noexcept { return source_; }
  [[nodiscard]] const std::shared_ptr<root_control>& control() const noexcept { return control_; }
  root_base* next = nullptr; // the runtime's list
  root_base* previous = nullptr;
  runtime_core* core = nullptr;

protected:
  /// What all have in common at their end: out of the list, the stop handle is inert. Gives what the teardown took, and what
  /// was suppressed.
  void leave(teardown_report& teardown, std::vector<std::exception_ptr>& suppressed) noexcept;
  void left() noexcept; ///< after the user has been told: may end `run`
  void attach(context& c) noexcept;

private:
  std::shared_ptr<root_control> control_;
  stop_source source_;
};

template<class T> class root final : public root_base, child<T> {
public:
  using callback = std::function<void(outcome<T>)>;
  root(std::shared_ptr<root_control> c, task<T>&& t, callback f)
      : root_base(std::move(c)), task_(nonempty(std::move(t))), done_(std::move(f)) {}
  void launch(context& c) override {
    attach(c);
    child<T>::launch(c, source(), std::move(task_));
  }
  void never_started() noexcept override { finish(ending::stopped, {}, nullptr); }

private:
  void completed(completion how) noexcept override {
    std::optional<value_or_monostate<T>> value;
    std::exception_ptr error;
    ending e = ending::stopped;
    if (how == completion::finished) {
      if (error = this->outcome().error(); !error) {
        value.emplace(take_value(this->outcome()));
        e = ending::done;
      } else if (this->error_came_late()) {
        this->suppress(std::exchange(error, nullptr));
      } else {
        e = ending::failed;
      }
    }
    this->drop();
    finish(e, std::move(value), std::move(error));
  }
  void finish(ending e, std::optional<value_or_monostate<T>> value, std::exception_ptr error) noexcept {
    teardown_report teardown;
    std::vector<std::exception_ptr> suppressed;
    leave(teardown, suppressed);
    if (done_) {
      done_(weir::outcome<T>(e, std::move(value), std::move(error), std::move(suppressed), std::move(teardown)));
    }
    left();
    delete this;
  }
  task<T> task_;
  callback done_;
};

} // namespace weir::detail
