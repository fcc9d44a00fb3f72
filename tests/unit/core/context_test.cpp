#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <weir/detail/context.hpp>

using namespace std::chrono_literals;
using weir::detail::time_point;

namespace {

struct still_context final : weir::detail::context {
  [[nodiscard]] time_point now() const noexcept override { return at; }
  time_point at{};
};

struct step final : weir::detail::runnable {
  void run() noexcept override {
    log->push_back(id);
    if (again != nullptr && left > 0) {
      --left;
      again->post(*this);
    }
  }
  std::vector<int>* log = nullptr;
  int id = 0;
  still_context* again = nullptr;
  int left = 0;
};

struct alarm_bell final : weir::detail::timer {
  void fire() noexcept override {
    fired_at.push_back(when());
    if (then) {
      then();
    }
  }
  std::vector<time_point> fired_at;
  std::function<void()> then;
};

time_point at(int ticks) { return time_point(std::chrono::nanoseconds(ticks)); }

} // namespace

TEST_CASE("what is posted runs in the order of posting, and never from inside the post") {
  still_context c;
  std::vector<int> log;
  step a, b;
  a.log = b.log = &log;
  a.id = 1;
  b.id = 2;
  c.post(a);
  c.post(b);
  REQUIRE(log.empty());
  REQUIRE(a.queued());
  REQUIRE(c.run_ready(10) == 2);
  REQUIRE(log == std::vector{1, 2});
  REQUIRE_FALSE(a.queued());
  REQUIRE_FALSE(c.has_ready());
}

TEST_CASE("a piece that posts itself again runs behind the others, and the limit holds it") {
  still_context c;
  std::vector<int> log;
  step a, b;
  a.log = b.log = &log;
  a.id = 1;
  b.id = 2;
  a.again = &c;
  a.left = 100;
  c.post(a);
  c.post(b);
  REQUIRE(c.run_ready(4) == 4);
  REQUIRE(log == std::vector{1, 2, 1, 1});
  REQUIRE(c.has_ready());
  c.unpost(a);
  REQUIRE_FALSE(c.has_ready());
}

TEST_CASE("unposting takes out the first, one in the middle and the last, and leaves the others in order") {
  for (int out = 0; out < 3; ++out) {
    still_context c;
    std::vector<int> log;
    step steps[4];
    for (int i = 0; i < 3; ++i) {
      steps[i].log = &log;
      steps[i].id = i;
      c.post(steps[i]);
    }
    c.unpost(steps[out]);
    c.unpost(steps[out]);
    steps[3].log = &log;
    steps[3].id = 3;
    c.post(steps[3]);
    c.run_ready(10);
    std::vector<int> expected{0, 1, 2, 3};
    expected.erase(expected.begin() + out);
    REQUIRE(log == expected);
  }
}

TEST_CASE("timers fire in order, when they are due and not before, whatever was armed, re-armed and disarmed") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    still_context c;
    std::vector<alarm_bell> bells(40);
    std::vector<int> due(bells.size(), -1); // the model: -1 is not armed
    int now = 0;
    for (int k = 0; k < 300; ++k) {
      const std::size_t i = random() % bells.size();
      switch (random() % 4) {
      case 0:
      case 1:
        due[i] = now + static_cast<int>(random() % 50);
        c.arm(bells[i], at(due[i]));
        break;
      case 2:
        due[i] = -1;
        c.disarm(bells[i]);
        break;
      default:
        now += static_cast<int>(random() % 10);
        const auto is_due = [&](int d) { return d >= 0 && d <= now; };
        REQUIRE(c.fire_due(at(now)) == static_cast<std::size_t>(std::count_if(due.begin(), due.end(), is_due)));
        std::replace_if(due.begin(), due.end(), is_due, -1);
      }
      REQUIRE(bells[i].armed() == (due[i] >= 0));
      int first = -1;
      for (int d : due) {
        first = d >= 0 && (first < 0 || d < first) ? d : first;
      }
      REQUIRE(c.next_due() == (first < 0 ? time_point::max() : at(first)));
    }
  }
}

TEST_CASE("one look fires the earliest first") {
  still_context c;
  std::mt19937 random(3);
  std::vector<int> order;
  std::vector<alarm_bell> bells(1000);
  for (alarm_bell& b : bells) {
    const int when = static_cast<int>(random() % 5000);
    b.then = [&order, when] { order.push_back(when); };
    c.arm(b, at(when));
  }
  REQUIRE(c.fire_due(at(5000)) == bells.size());
  REQUIRE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a timer that arms itself for a time that has passed doesn't hold up the turn, and isn't lost") {
  still_context c;
  alarm_bell again;
  again.then = [&] { c.arm(again, at(1)); };
  alarm_bell other;
  c.arm(again, at(1));
  c.arm(other, at(2));
  REQUIRE(c.fire_due(at(5)) == 2);
  REQUIRE(c.next_due() == at(1));
  REQUIRE(c.fire_due(at(5)) == 1);
  c.disarm(again);
  REQUIRE(c.next_due() == time_point::max());
}

TEST_CASE("a timer that fires may disarm any other, due or not, and arm new ones") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    still_context c;
    std::vector<std::unique_ptr<alarm_bell>> bells;
    for (int i = 0; i < 30; ++i) {
      bells.push_back(std::make_unique<alarm_bell>());
    }
    for (auto& b : bells) {
      c.arm(*b, at(static_cast<int>(random() % 100)));
      b->then = [&] {
        c.disarm(*bells[random() % bells.size()]);
        alarm_bell& other = *bells[random() % bells.size()];
        if (!other.armed()) {
          c.arm(other, at(1000));
        }
      };
    }
    c.fire_due(at(static_cast<int>(random() % 100)));
    std::size_t armed = 0;
    for (auto& b : bells) {
      armed += b->armed() ? 1 : 0;
    }
    time_point last{};
    while (c.next_due() != time_point::max()) { // the heap is whole: what is left comes out in order
      REQUIRE(c.next_due() >= last);
      last = c.next_due();
      for (auto& b : bells) {
        if (b->armed() && b->when() == last) {
          c.disarm(*b);
          --armed;
          break;
        }
      }
    }
    REQUIRE(armed == 0);
  }
}

TEST_CASE("a million timers in the worst order for a heap need no stack") {
  still_context c;
  std::vector<alarm_bell> bells(1'000'000);
  for (std::size_t i = 0; i < bells.size(); ++i) {
    c.arm(bells[i], at(static_cast<int>(i))); // all of them become children of the first
  }
  REQUIRE(c.fire_due(at(0)) == 1);
  for (std::size_t i = 1; i < bells.size(); i += 2) {
    c.disarm(bells[i]);
  }
  REQUIRE(c.fire_due(at(2'000'000)) == bells.size() / 2 - 1);
}
