// src/loop/remote.hpp, the queue by which everything comes back to a loop.
#include "exploring.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "loop/remote.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::plant;
using enumerate::require;

namespace {

struct numbered : loop::remote_node {
  numbered() noexcept : remote_node([](remote_node&) noexcept {}) {}
  enumerate::cell<int> number;
};

/// Two producers, one of which posts a chain; the consumer takes all twice while they do, and once more afterwards.
void producers_and_consumer(execution& e) {
  struct state {
    loop::remote_queue queue;
    numbered nodes[4];
    std::vector<int> taken;

    void take() {
      for (loop::remote_node* n = queue.take_all(); n != nullptr; n = n->next) {
        taken.push_back(static_cast<numbered*>(n)->number.get());
      }
    }
  };
  auto s = std::make_shared<state>();
  e.thread("chain", [s] {
    s->nodes[0].number.set(1);
    s->nodes[1].number.set(2);
    s->nodes[0].next = &s->nodes[1];
    s->queue.push_chain(s->nodes[0], s->nodes[1]);
  });
  e.thread("two", [s] {
    s->nodes[2].number.set(3);
    s->queue.push(s->nodes[2]);
    s->nodes[3].number.set(4);
    s->queue.push(s->nodes[3]);
  });
  e.thread("consumer", [s] {
    s->take();
    if (!s->queue.empty()) {
      s->take();
    }
  });
  e.afterwards([s] {
    s->take();
    require(s->queue.empty(), "nothing is left");
    require(s->taken.size() == 4, "each comes out once");
    const auto at = [&](int n) { return std::find(s->taken.begin(), s->taken.end(), n) - s->taken.begin(); };
    require(at(1) < at(2) && at(3) < at(4), "those of one producer come out in their order");
  });
}

} // namespace

TEST_CASE("what two threads push comes out once each, in each one's order, and written to the end, whenever it is taken") {
  check_all(producers_and_consumer, {.preemptions = 3, .surprises = 1});
}

TEST_CASE("a push or a take that orders nothing is found as a data race on what the node carries") {
  check_found(producers_and_consumer, plant::weaken(action::change, "push_chain"), race);
  check_found(producers_and_consumer, plant::weaken(action::change, "take_all"), race);
}
