// src/runtime/control.cpp: a stop request before the start, during and after the end, from threads and from a signal handler.
#include "exploring.hpp"

#include <memory>

#include "loop/own.hpp"
#include "runtime/control.hpp"
#include <weir/detail/root.hpp>

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::limits;
using enumerate::plant;
using enumerate::require;

namespace {

/// The loop as requests see it: nothing may be posted to it when it is gone.
class home_of_root final : public loop::remote {
public:
  void post_remote(loop::remote_node& n) noexcept override { post_remote_chain(n, n); }
  void post_remote_chain(loop::remote_node& first, loop::remote_node& last) noexcept override {
    require(alive.get(), "nothing is posted to a loop that is gone");
    turns.post_remote_chain(first, last);
    require(alive.get(), "a loop stays until the last post to it has returned");
  }
  void close() noexcept {
    turns.close([](void*) noexcept {}, nullptr);
    alive.set(false); // it would be destroyed here
  }
  enumerate::cell<bool> alive{true};
  loop::own_loop turns;
};

class test_root final : public detail::root_base {
public:
  explicit test_root(std::shared_ptr<detail::root_control> c) noexcept : root_base(std::move(c)) {}
  void launch(detail::context& c) override { source().attach(c, *control()); }
  void never_started() noexcept override {}
};

struct state {
  home_of_root home;
  std::shared_ptr<detail::root_control> control = std::make_shared<detail::root_control>();
  std::weak_ptr<detail::root_control> watched = control;

  /// A root that ends when it is stopped, or else at once.
  void run_root(bool until_stopped) {
    test_root root(control);
    root.launch(home.turns);
    {
      const stop_callback stopped(root.source().get_token(), [this] { home.turns.quit(); });
      control->bind(home, root, control);
      if (until_stopped && !root.source().stop_requested()) {
        home.turns.run();
      }
      require(!until_stopped || root.source().stop_requested(), "the root was stopped");
    }
    control->unbind();
  }
};

enumerate::scenario requests(int threads, bool handler, bool until_stopped, int roots = 1) {
  return [=](execution& e) {
    auto s = std::make_shared<state>();
    e.thread("loop", [=] {
      for (int i = 0; i < roots; ++i) {
        s->run_root(until_stopped);
      }
      s->home.close();
    });
    for (int i = 0; i < threads; ++i) {
      e.thread(i == 0 ? "requester" : "another", [control = s->control] { control->request(); });
    }
    if (handler) {
      e.signal_handler("handler", 0, [control = s->control] { control->request(); });
    }
    e.afterwards([s] {
      require(s->control->stop_requested.load() && s->control->requested_at.load() != 0, "the request is there to be seen");
      require(s->control.use_count() <= 4, "no node that ran keeps the control alive"); // ours, and the closures'
    });
  };
}

} // namespace

TEST_CASE("a root is stopped by a request at any moment: before it is bound, while it runs, and for the next root too") {
  check_all(requests(1, false, true), {.preemptions = 3, .surprises = 1});
  check_all(requests(2, false, true), {.preemptions = 2, .surprises = 1});
  check_all(requests(1, false, true, 2), {.preemptions = 2, .surprises = 1});
}

TEST_CASE("a root that ends while it is being stopped leaves a handle that touches nothing of its loop") {
  check_all(requests(1, false, false), {.preemptions = 4, .surprises = 1});
  check_all(requests(2, false, false), {.preemptions = 3, .surprises = 1});
  check_all(requests(2, false, false, 2), {.preemptions = 2, .surprises = 1});
}

TEST_CASE("a signal handler stops the root of the thread that it interrupts, or finds it gone, at any moment") {
  check_all(requests(0, true, true), {.preemptions = 3, .surprises = 1});
  check_all(requests(1, true, true), {.preemptions = 2, .surprises = 1});
  check_all(requests(1, true, false, 2), {.preemptions = 2, .surprises = 1});
}

TEST_CASE("a request that looks for a home before it says that it was made is found as a stop that nobody hears") {
  check_found(requests(1, false, true), plant::weaken(action::load, "root_control::bind"), lost_wake);
  check_found(requests(1, false, true), plant::weaken(action::store, "root_control::bind"), lost_wake);
  check_found(requests(1, false, true), plant::weaken(action::change, "root_control::request"), lost_wake);
  check_found(requests(1, false, true), plant::weaken(action::load, "root_control::post"), lost_wake);
}

TEST_CASE("an end that doesn't wait for the request that is posting is found posting to a loop that is gone") {
  check_found(requests(1, false, false), plant::skip(action::load, "root_control::unbind"), race);
  check_found(requests(1, false, false), plant::skip(action::change, "root_control::post"), race);
  check_found(requests(1, false, false), plant::skip(action::store, "root_control::unbind"), race);
}
