// src/io/request_queue.cpp and front.cpp: what the loop and an engine's threads hand to each other.
#include "exploring.hpp"

#include <memory>

#include "io/front.hpp"
#include "io/request_queue.hpp"
#include "loop/futex.hpp"
#include "loop/own.hpp"

using namespace weir;
using namespace weir::test;
using enumerate::action;
using enumerate::execution;
using enumerate::limits;
using enumerate::plant;
using enumerate::require;
using outcome = io::read_op::outcome;

namespace {

struct file : io::read_op {
  file() noexcept : read_op(&file::came) {}
  static void came(loop::remote_node& n) noexcept {
    auto& f = static_cast<file&>(n);
    ++f.ends;
    if (--*f.left == 0) {
      f.home->quit();
    }
  }
  bool fifo = false; // never has anything to read
  enumerate::cell<int> text;
  int ends = 0;
  int* left = nullptr;
  loop::own_loop* home = nullptr;
};

/// As an eventfd that the kernel watches.
class doorbell {
public:
  void ring() noexcept {
    rung_.store(1);
    loop::futex_wake(rung_);
  }
  void wait() noexcept {
    while (rung_.exchange(0) == 0) {
      loop::futex_wait(rung_, 0);
    }
  }

private:
  sync::atomic<std::uint32_t> rung_{0};
};

enum class mistake { none, sleeps_unasked, wakes_first, forgets_cancels };

/// An engine with one thread that sleeps in the kernel, as the ring's: a file is read at once, a FIFO never is.
class one_thread final : public io::front {
public:
  one_thread(loop::remote& home, mistake m) noexcept : front(home), made_(m) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "test"; }
  void name_threads(std::vector<std::string>& /*to*/) const override {}
  void close() noexcept {
    if (queue_.close()) {
      bell_.ring();
    }
  }

  void serve(unsigned depth) noexcept {
    for (;;) {
      io::op_list taken;
      io::op_chain ended;
      const io::request_queue::news news = queue_.collect(taken, room(depth));
      while (io::read_op* op = taken.pop_front()) {
        if (op->stop().requested() || !static_cast<file*>(op)->fifo) {
          end(*op, ended);
        } else {
          waiting_.push_back(*op);
          ++count_;
        }
      }
      const bool look = news.cancels && made_ != mistake::forgets_cancels;
      for (io::read_op* op = look ? waiting_.front() : nullptr; op != nullptr;) {
        io::read_op* const following = op->next_active;
        if (op->stop().requested()) {
          waiting_.remove(*op);
          --count_;
          end(*op, ended);
        }
        op = following;
      }
      ended.post(remote());
      if (news.closed && count_ == 0) {
        return;
      }
      if (queue_.try_sleep(room(depth) > 0) || made_ == mistake::sleeps_unasked) {
        bell_.wait();
        queue_.woke();
      }
    }
  }

private:
  static void end(io::read_op& op, io::op_chain& ended) noexcept {
    op.result = op.stop().requested() ? outcome::cancelled : outcome::done;
    static_cast<file&>(op).text.set(1);
    ended.push(op);
  }
  void hand_over(io::op_list& ops) noexcept override {
    if (made_ == mistake::wakes_first) {
      bell_.ring();
      queue_.hand_over(ops);
    } else if (queue_.hand_over(ops)) {
      bell_.ring();
    }
  }
  bool retract(io::read_op& op) noexcept override { return queue_.retract(op); }
  [[nodiscard]] std::size_t room(unsigned depth) const noexcept { return depth - count_; }

  const mistake made_;
  io::request_queue queue_;
  doorbell bell_;
  // The thread's.
  io::op_list waiting_; // FIFOs
  unsigned count_ = 0;
};

/// A file and a FIFO, the FIFO cancelled once it was handed over; all come back, and then the engine ends.
enumerate::scenario reads(unsigned depth, mistake m = mistake::none) {
  return [=](execution& e) {
    struct state {
      explicit state(mistake m) : engine(home, m) {}
      loop::own_loop home;
      one_thread engine;
      file files[2];
      int left = 2;
    };
    auto s = std::make_shared<state>(m);
    s->files[1].fifo = true;
    for (file& f : s->files) {
      f.left = &s->left;
      f.home = &s->home;
      f.text.set(0);
    }
    e.thread("loop", [s] {
      s->engine.submit(s->files[1]);
      s->engine.flush();
      s->engine.submit(s->files[0]);
      s->engine.cancel(s->files[1]);
      s->engine.flush();
      s->home.run();
      s->engine.close();
    });
    e.thread("io", [=] { s->engine.serve(depth); });
    e.afterwards([s] {
      require(s->files[0].ends == 1 && s->files[1].ends == 1, "each comes back once");
      require(s->files[0].result == outcome::done && s->files[0].text.get() == 1, "the file was read");
      require(s->files[1].result == outcome::cancelled, "the FIFO was cancelled");
      require(s->engine.outstanding() == 0, "nothing is outstanding");
    });
  };
}

} // namespace

TEST_CASE("a thread that sleeps in the kernel misses neither a file nor a cancel nor the end, with room and without") {
  check_all(reads(2), {.preemptions = 3, .surprises = 1});
  check_all(reads(1), {.preemptions = 3, .surprises = 1});
}

TEST_CASE("an I/O thread that sleeps unasked, is woken before the hand-over, or doesn't look for cancels is found asleep") {
  check_found(reads(2, mistake::sleeps_unasked), {}, lost_wake);
  check_found(reads(2, mistake::wakes_first), {}, lost_wake);
  check_found(reads(2, mistake::forgets_cancels), {}, lost_wake);
}

namespace {

/// Two threads that sleep in the queue, as the blocking engine's, and one descriptor for two files: who finds none waits for
/// it.
void two_threads_and_one_descriptor(execution& e) {
  struct state {
    io::request_queue queue;
    file files[2];
    sync::atomic<int> descriptors{1};
    int failed = 0;
    int read = 0;
    sync::mutex counting;
    sync::condition_variable counted;

    void serve() noexcept {
      while (io::read_op* op = queue.wait_for_one()) {
        int free = descriptors.load();
        const bool opened = free > 0 && descriptors.compare_exchange_weak(free, 0);
        if (!opened && queue.stall(*op)) {
          continue;
        }
        if (opened) {
          static_cast<file*>(op)->text.set(1);
          descriptors.store(1);
        }
        {
          const std::lock_guard held(counting);
          (opened ? read : failed) += 1;
          counted.notify_one();
        }
        queue.finished();
      }
    }
  };
  auto s = std::make_shared<state>();
  e.thread("loop", [s] {
    io::op_list all;
    all.push_back(s->files[0]);
    all.push_back(s->files[1]);
    s->queue.hand_over(all);
    {
      std::unique_lock held(s->counting);
      while (s->read + s->failed < 2) {
        s->counted.wait(held);
      }
    }
    s->queue.close();
  });
  e.thread("reader", [s] { s->serve(); });
  e.thread("another", [s] { s->serve(); });
  e.afterwards([s] {
    require(s->failed == 0, "a file fails for lack of a descriptor only where nobody will give one back");
    require(s->files[0].text.get() == 1 && s->files[1].text.get() == 1, "both were read");
  });
}

} // namespace

TEST_CASE("threads that sleep in the queue get every file, wait for each other's descriptor, and end") {
  check_all(two_threads_and_one_descriptor, {.preemptions = 2, .surprises = 0});
}

TEST_CASE("a queue that forgets to notify is found with its threads asleep") {
  const limits bounds{.preemptions = 2, .surprises = 0};
  check_found(two_threads_and_one_descriptor, plant::skip(action::notify, "request_queue::hand_over"), lost_wake, bounds);
  check_found(two_threads_and_one_descriptor, plant::skip(action::notify, "request_queue::close"), lost_wake, bounds);
}
