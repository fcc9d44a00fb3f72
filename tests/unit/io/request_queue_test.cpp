#include <catch2/catch.hpp>

#include <atomic>
#include <deque>
#include <thread>

#include "io/request_queue.hpp"

using namespace weir;

namespace {

struct plain_op : io::read_op {
  plain_op() : read_op([](loop::remote_node&) noexcept {}) {}
};

void hand_over(io::request_queue& queue, io::read_op& op) {
  io::op_list one;
  one.push_back(op);
  queue.hand_over(one);
}

} // namespace

TEST_CASE("a sleeper is woken once, and only by what it can use") {
  io::request_queue queue;
  plain_op a;
  plain_op b;
  io::op_list ops;
  ops.push_back(a);
  CHECK_FALSE(queue.hand_over(ops)); // nobody sleeps
  CHECK_FALSE(queue.try_sleep(true));
  io::op_list taken;
  queue.collect(taken, 1);
  CHECK(taken.pop_front() == &a);

  CHECK(queue.try_sleep(false)); // full
  ops.push_back(b);
  CHECK_FALSE(queue.hand_over(ops)); // it has no room
  CHECK_FALSE(queue.retract(a));     // it has this one, and has to know
  CHECK(queue.hand_over(ops));
  CHECK_FALSE(queue.hand_over(ops)); // it is on its way
  CHECK(queue.collect(taken, 0).cancels);
  CHECK(taken.empty());
  CHECK_FALSE(queue.collect(taken, 0).cancels);

  CHECK(queue.try_sleep(false));
  CHECK(queue.close());
  CHECK(queue.collect(taken, 1).closed);
  CHECK(taken.pop_front() == &b);
}

TEST_CASE("what waits is taken back at once, unless its file has to be closed: that goes before all others") {
  io::request_queue queue;
  plain_op fresh;
  plain_op open_file;
  plain_op last;
  open_file.fd = 1000;
  hand_over(queue, fresh);
  hand_over(queue, open_file);
  hand_over(queue, last);
  CHECK(queue.retract(fresh));
  open_file.cancelled = true;
  CHECK_FALSE(queue.retract(open_file));
  CHECK_FALSE(queue.retract(open_file));
  io::op_list taken;
  queue.collect(taken, 0); // even without room
  CHECK(taken.pop_front() == &open_file);
  CHECK(taken.empty());
  queue.collect(taken, 5);
  CHECK(taken.pop_front() == &last);
  CHECK(taken.empty());
}

TEST_CASE("without a descriptor an operation waits for as long as another thread may free one") {
  io::request_queue queue;
  plain_op a;
  plain_op b;
  hand_over(queue, a);
  hand_over(queue, b);
  CHECK(queue.wait_for_one() == &a);
  CHECK(queue.wait_for_one() == &b);
  CHECK(queue.stall(a)); // b may have one
  queue.finished();      // b has ended
  CHECK(queue.wait_for_one() == &a);
  CHECK_FALSE(queue.stall(a)); // nobody has one
  queue.finished();
  hand_over(queue, b);
  CHECK(queue.wait_for_one() == &b);
  hand_over(queue, a);
  CHECK(queue.wait_for_one() == &a);
  queue.finished(); // a ended between b's try and its coming here
  CHECK(queue.stall(b));
  CHECK(queue.wait_for_one() == &b);
}

TEST_CASE("of an operation that is taken and taken back at the same moment, one side gets it") {
  io::request_queue queue;
  std::atomic<int> taken{0};
  std::thread taker([&] {
    while (queue.wait_for_one() != nullptr) {
      ++taken;
      queue.finished();
    }
  });
  int back = 0;
  std::deque<plain_op> ops(20'000);
  for (plain_op& op : ops) {
    hand_over(queue, op);
    back += queue.retract(op) ? 1 : 0;
  }
  queue.close();
  taker.join();
  CHECK(taken + back == 20'000);
}
