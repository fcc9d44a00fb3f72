#include "life.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "cli/places.hpp"
#include "pipeline.hpp"
#include "witness.hpp"

namespace cancel_stress {

namespace {

using clock = std::chrono::steady_clock;

/// A thread that requests the stop at a moment, unless the run is over by then.
class stopper {
public:
  stopper(const weir::stop_handle& stop, clock::time_point when)
      : thread_([this, stop, when] {
          std::unique_lock lock(mutex_);
          if (!changed_.wait_until(lock, when, [this] { return over_; })) {
            stop.request_stop();
          }
        }) {}
  stopper(const stopper&) = delete;
  stopper& operator=(const stopper&) = delete;
  ~stopper() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_; // the last: it uses the others
};

weir::runtime_options options_of(const plan& p, cli::host& h, counting_memory& memory) {
  weir::runtime_options o;
  o.workers = p.workers;
  o.memory = p.memory;
  o.file_memory = p.file_memory;
  o.loop = h.loop();
  o.engine = cli::engine_of(p.where.engine);
  o.io_depth = p.io_depth;
  o.resource = p.counted_memory ? &memory : nullptr;
  return o;
}

class life {
public:
  life(const plan& p, const known_images& known) : plan_(p), witness_(p, known, violations_) {}

  verdict run(const belongings& before) {
    counting_memory memory;
    {
      cli::host h(plan_.where.loop);
      {
        weir::runtime rt(options_of(plan_, h, memory));
        plan_.how == end_kind::runtime_destroyed ? destroy_after_stop(rt, h) : run_in(rt);
      }
      violations_.expect(h.close(), "the host's loop has handles left");
    }
    witness_.look_at_held_and_drop();
    violations_.expect(memory.out() == 0, fmt::format("{} bytes of the memory resource haven't come back", memory.out()));
    expect_same(violations_, before);
    verdict_.violations = violations_.found();
    verdict_.images = witness_.images();
    return std::move(verdict_);
  }

private:
  // How it is run, and ended.

  void run_in(weir::runtime& rt) {
    if (plan_.how == end_kind::stop_before_start) {
      stop_.request_stop();
    }
    // Where something else is to end it, that may never come (a FIFO, no end): then this does, later.
    const bool by_thread = plan_.how == end_kind::stop_from_thread;
    const stopper last_resort(stop_,
                              clock::now() + plan_.after + (by_thread ? clock::duration{} : std::chrono::milliseconds(40)));
    judge(rt.run(work(), stop_));
    expect_quiescent(violations_, rt, witness_.blocks_held());
  }

  /// The destructor is on its way while the stop comes, or the other way round.
  void destroy_after_stop(weir::runtime& kept, cli::host& h) {
    (void)kept; // stays idle beside it: one is destroyed under load, the other doesn't mind
    counting_memory memory;
    std::optional<weir::outcome<>> end;
    int told = 0;
    {
      std::optional<weir::runtime> rt(std::in_place, options_of(plan_, h, memory));
      stop_ = rt->start(work(), [&](weir::outcome<> o) {
        ++told;
        end.emplace(std::move(o));
      });
      auto wait = [](std::chrono::microseconds t) -> weir::task<> { co_await weir::sleep_for(t); };
      (void)rt->run(wait(plan_.after));
      const stopper other(stop_, clock::now() + plan_.after % 50);
      std::this_thread::sleep_for(plan_.nth * std::chrono::microseconds(10));
      rt.reset();
    }
    violations_.expect(told == 1, fmt::format("the end of a started task was told {} times", told));
    if (end) {
      judge(*end);
    }
    witness_.look_at_held_and_drop();
    violations_.expect(memory.out() == 0, fmt::format("{} bytes of the memory resource haven't come back", memory.out()));
    expect_quiescent(violations_, kept, 0);
  }

  // What it does.

  weir::task<> work() {
    if (plan_.how != end_kind::deadline) {
      co_await streams();
      co_return;
    }
    due_ = clock::now() + plan_.after;
    co_await weir::with_deadline(due_, streams());
  }

  weir::task<> streams() {
    auto note_bad = [this](const weir::item_info& info, const std::exception_ptr& e) { witness_.note_bad(info, e); };
    auto batches = pipeline_of(plan_, images_in_stage_, note_bad);
    if (plan_.pulls) {
      auto pull = [this](weir::stream<weir::image_batch>& s) { return pull_from(s); };
      co_await weir::with_stream(std::move(batches), pull);
    } else {
      auto take = [this](weir::image_batch b) { return consume(std::move(b)); };
      co_await std::move(batches).for_each(take);
      note_end();
    }
  }

  weir::task<> pull_from(weir::stream<weir::image_batch>& s) {
    for (;;) {
      if (plan_.how == end_kind::early_break && witness_.batches() >= plan_.nth) {
        broke_ = true;
        break;
      }
      auto b = co_await s.next();
      if (!b) {
        note_end();
        break;
      }
      co_await consume(std::move(*b));
    }
    if (plan_.closes) {
      co_await s.close();
      auto after = co_await s.next();
      violations_.expect(!after, "a stream that was closed gave a batch");
    }
  }

  weir::task<> consume(weir::image_batch b) {
    violations_.expect(!ended_, "a batch was delivered after the end of the stream");
    const std::uint64_t number = witness_.batches();
    witness_.take(std::move(b));
    if (plan_.slow_consumer) {
      co_await weir::sleep_for(std::chrono::microseconds(50));
    }
    if (number == plan_.nth && plan_.how == end_kind::error_in_consumer) {
      throw planned_error();
    }
    if (number == plan_.nth && plan_.how == end_kind::stop_from_inside) {
      stop_.request_stop();
      if (plan_.closes) {
        weir::event never;
        co_await never.wait();
        violations_.expect(false, "a stopped task went on");
      }
    }
  }

  void note_end() {
    violations_.expect(!ended_, "the stream ended twice");
    ended_ = true;
    witness_.note_end();
  }

  // What became of it.

  void judge(const weir::outcome<>& o) {
    verdict_.how = o.how();
    switch (o.how()) {
    case weir::ending::done:
      violations_.expect(ended_ || broke_,
                         "it is done, and the stream was neither at its end nor left: a stop taken for the end?");
      break;
    case weir::ending::failed: witness_.judge(o.error(), true); break;
    case weir::ending::stopped: violations_.expect(stop_.stop_requested(), "it was stopped, and nobody asked for that"); break;
    }
    for (const std::exception_ptr& e : o.suppressed()) {
      witness_.judge(e, false);
    }
    if (!o.done() || broke_) { // the outcome knows of stops and errors when they began; a deadline's error comes at its end
      const bool late = plan_.how == end_kind::deadline && o.failed() && clock::now() >= due_;
      verdict_.quiescent_after = late ? clock::now() - due_ : o.teardown().time;
    }
    verdict_.waited_for = o.teardown().waited_for.substr(0, o.teardown().waited_for.find(':'));
  }

  const plan& plan_;
  violations violations_;
  witness witness_;
  weir::stop_handle stop_;
  std::atomic<std::uint64_t> images_in_stage_{0};
  clock::time_point due_{}; // the deadline
  bool ended_ = false;
  bool broke_ = false;
  verdict verdict_;
};

} // namespace

verdict live(const plan& p, const known_images& known, const belongings& before) { return life(p, known).run(before); }

} // namespace cancel_stress
