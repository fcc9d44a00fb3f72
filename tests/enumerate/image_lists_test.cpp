// src/stream/image_lists.cpp: batches that end on other threads.
#include "exploring.hpp"

#include <memory>
#include <utility>

#include "stream/image_lists.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::execution;
using enumerate::require;

namespace {

/// What goes with the last list of a store: a list whose image has it must have been destroyed.
detail::owner counted(int& alive) {
  ++alive;
  return {&alive, 0, [](void* n, std::uint64_t) noexcept { --*static_cast<int*>(n); }};
}
image with(detail::owner memory) { return {item_info(), shape{1, 1, 1, 8}, nullptr, std::move(memory), {}}; }

struct state {
  int alive[2] = {0, 0};
  detail::image_lists::handle store = detail::image_lists::create();
  detail::image_list lists[2];
  state() {
    for (int i = 0; i < 2; ++i) {
      lists[i] = store->get(1);
      lists[i].push_back(with(counted(alive[i])));
    }
  }
  void let_go(int i) { const detail::image_list ended = std::move(lists[i]); }
};

/// A stream makes a further batch while two are let go, and ends.
void ends_under_lists(execution& e) {
  auto s = std::make_shared<state>();
  e.thread("loop", [s] {
    const detail::image_list further = s->store->get(1);
    require(further.empty(), "a list that is used again is empty");
    s->store.reset();
  });
  e.thread("user", [s] { s->let_go(0); });
  e.thread("another", [s] { s->let_go(1); });
  e.afterwards([s] { require(s->alive[0] == 0 && s->alive[1] == 0, "the images of every list are destroyed"); });
}

} // namespace

TEST_CASE("lists of images that end on any thread, before and after their store's end, leave nothing behind") {
  check_all(ends_under_lists, {.preemptions = 3});
}
