// src/loop/own.cpp: going to sleep, and not missing a post.
#include "exploring.hpp"

#include <memory>

#include "loop/own.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::limits;
using enumerate::plant;
using enumerate::require;

namespace {

struct state;

struct letter : loop::remote_node {
  letter() noexcept : remote_node(&letter::came) {}
  static void came(loop::remote_node& n) noexcept;
  state* to = nullptr;
  enumerate::cell<int> text;
};

struct state {
  loop::own_loop home;
  letter letters[3];
  int awaited = 0;
  int came = 0;

  void post(int which) {
    letters[which].to = this;
    letters[which].text.set(which + 1);
    home.post_remote(letters[which]);
  }
};

void letter::came(loop::remote_node& n) noexcept {
  auto& l = static_cast<letter&>(n);
  require(l.text.get() == &l - l.to->letters + 1, "what was written before the post is there");
  if (++l.to->came == l.to->awaited) {
    l.to->home.quit();
  }
}

enumerate::scenario posters(int threads, int each) {
  return [=](execution& e) {
    auto s = std::make_shared<state>();
    s->awaited = threads * each;
    e.thread("loop", [s] { s->home.run(); });
    for (int t = 0; t < threads; ++t) {
      e.thread(t == 0 ? "poster" : "another", [=] {
        for (int i = 0; i < each; ++i) {
          s->post(t * each + i);
        }
      });
    }
    e.afterwards([s] { require(s->came == s->awaited, "every post ran"); });
  };
}

} // namespace

TEST_CASE("a loop that goes to sleep misses no post: one poster") {
  check_all(posters(1, 2), {.preemptions = 4, .surprises = 2});
}

TEST_CASE("a loop that goes to sleep misses no post: two posters") {
  check_all(posters(2, 1), {.preemptions = 3, .surprises = 1});
}

TEST_CASE("a signal handler on the loop's own thread posts at any moment, and it runs") {
  check_all(
      [](execution& e) {
        auto s = std::make_shared<state>();
        s->awaited = 2;
        e.thread("loop", [s] { s->home.run(); });
        e.signal_handler("handler", 0, [s] { s->post(0); });
        e.thread("poster", [s] { s->post(1); });
      },
      {.preemptions = 3, .surprises = 1});
}

TEST_CASE("each look and each announcement of the own loop has to be in one order with the others: without it a wake is lost") {
  check_found(posters(1, 1), plant::weaken(action::store, "own_loop::sleep"), lost_wake);    // 1
  check_found(posters(1, 1), plant::weaken(action::load, "remote_queue::empty"), lost_wake); // 2
  check_found(posters(1, 1), plant::weaken(action::change, "push_chain"), race);             // a
  check_found(posters(1, 1), plant::weaken(action::load, "own_loop::wake"), lost_wake);      // b
}

TEST_CASE("an own loop whose announcement or wake is left out is found asleep with work to do") {
  check_found(posters(1, 1), plant::skip(action::store, "own_loop::sleep"), "it goes on for ever");
  check_found(posters(1, 1), plant::skip(action::load, "own_loop::wake"), lost_wake);
  check_found(posters(1, 1), plant::skip(action::wake, "futex_wake"), lost_wake);
}
