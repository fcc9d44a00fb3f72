#include <catch2/catch.hpp>

#include <vector>

#include "memory/wait_list.hpp"

using weir::memory::wait_link;
using weir::memory::wait_list;

namespace {
struct node : wait_link<node> {
  int id = 0;
};

std::vector<int> drained(wait_list<node>& list) {
  std::vector<int> ids;
  while (node* n = list.front()) {
    list.remove(*n);
    ids.push_back(n->id);
  }
  return ids;
}
} // namespace

TEST_CASE("those who wait are in order of coming, the urgent ones before them in theirs") {
  wait_list<node> list;
  node nodes[6];
  for (int i = 0; i < 6; ++i) {
    nodes[i].id = i;
    list.add(nodes[i], i == 2 || i == 4);
  }
  REQUIRE(list.size() == 6);
  REQUIRE(list.blocks(true));
  REQUIRE(drained(list) == std::vector{2, 4, 0, 1, 3, 5});
  REQUIRE(list.empty());
}

TEST_CASE("an urgent newcomer is held up by urgent ones alone") {
  wait_list<node> list;
  node nodes[3];
  REQUIRE_FALSE(list.blocks(false));
  list.add(nodes[0], false);
  REQUIRE(list.blocks(false));
  REQUIRE_FALSE(list.blocks(true));
  list.add(nodes[1], true);
  REQUIRE(list.blocks(true));
  list.remove(nodes[1]);
  list.remove(nodes[0]);
}

TEST_CASE("removing any one leaves the others in order, and it can be added again") {
  for (int out = 0; out < 4; ++out) {
    wait_list<node> list;
    node nodes[4];
    std::vector<int> expected;
    for (int i = 0; i < 4; ++i) {
      nodes[i].id = i;
      list.add(nodes[i], false);
      if (i != out) {
        expected.push_back(i);
      }
    }
    list.remove(nodes[out]);
    REQUIRE_FALSE(nodes[out].queued());
    list.add(nodes[out], false);
    expected.push_back(out);
    REQUIRE(drained(list) == expected);
  }
}
