// What the core costs: an awaited child, next(), a spawned child, an operation through the queue, and a stop of many. Each with
// frames from the recycler and, as `malloc`, with the same code on the heap.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <weir/async_generator.hpp>
#include <weir/channel.hpp>
#include <weir/event.hpp>
#include <weir/scope.hpp>
#include <weir/sleep.hpp>
#include <weir/stop.hpp>
#include <weir/stopped.hpp>

namespace {

enum class memory { recycled, malloc };

/// A loop without timers, and the root of what runs on it.
class bench_loop final : public weir::detail::context {
public:
  explicit bench_loop(memory f)
      : recycler_(weir::detail::frame_recycler::create()),
        before_(weir::detail::frame_recycler::exchange_current(f == memory::recycled ? recycler_ : nullptr)) {}
  ~bench_loop() {
    weir::detail::frame_recycler::exchange_current(before_);
    recycler_->close();
  }
  [[nodiscard]] weir::detail::time_point now() const noexcept override { return {}; }
  void drain() {
    while (run_ready(~std::size_t{0}) != 0) {
    }
  }

private:
  weir::detail::frame_recycler* recycler_;
  weir::detail::frame_recycler* before_;
};

class root final : weir::detail::child<void> {
public:
  root(bench_loop& l, weir::task<> t) {
    source_.attach(l, state_);
    this->launch(l, source_, std::move(t));
  }
  void request_stop() { source_.request_stop(); }

private:
  void completed(weir::detail::completion) noexcept override {}
  weir::detail::root_state state_;
  weir::stop_source source_;
};

weir::task<int> at_once(int i) { co_return i; }
weir::task<> nothing() { co_return; }

template<memory F> void await_child(benchmark::State& state) {
  bench_loop loop(F);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    std::int64_t sum = 0;
    for (auto _ : s) {
      const int i = co_await at_once(1);
      sum += i;
    }
    benchmark::DoNotOptimize(sum);
  }(state));
  loop.drain();
}

weir::async_generator<int> numbers() {
  for (int i = 0;; ++i) {
    co_yield i;
  }
}

void next_of_a_generator(benchmark::State& state) {
  bench_loop loop(memory::recycled);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    auto g = numbers();
    std::int64_t sum = 0;
    for (auto _ : s) {
      const auto i = co_await g.next();
      sum += *i;
    }
    benchmark::DoNotOptimize(sum);
  }(state));
  loop.drain();
}

template<memory F> void spawn_and_join(benchmark::State& state) {
  bench_loop loop(F);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    const auto children = s.range(0);
    for (auto _ : s) {
      co_await weir::with_scope([&](weir::scope& nursery) -> weir::task<> {
        for (std::int64_t i = 0; i < children; ++i) {
          nursery.spawn(nothing());
        }
        co_return;
      });
    }
    s.SetItemsProcessed(s.iterations() * children);
  }(state));
  loop.drain();
}

void yielded(benchmark::State& state) {
  bench_loop loop(memory::recycled);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    for (auto _ : s) {
      co_await weir::yield();
    }
  }(state));
  loop.drain();
}

void yielded_with_a_stop_callback(benchmark::State& state) {
  bench_loop loop(memory::recycled);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    const weir::stop_token token = co_await weir::current_stop_token();
    int stops = 0;
    for (auto _ : s) {
      const weir::stop_callback counted(token, [&] { ++stops; });
      co_await weir::yield();
    }
    benchmark::DoNotOptimize(stops);
  }(state));
  loop.drain();
}

void channel_ping_pong(benchmark::State& state) { // two sends and two receives
  bench_loop loop(memory::recycled);
  root r(loop, [](benchmark::State& s) -> weir::task<> {
    weir::channel<int> there(1);
    weir::channel<int> back(1);
    co_await weir::with_scope([&](weir::scope& nursery) -> weir::task<> {
      nursery.spawn(
          [](weir::channel<int>& in, weir::channel<int>& out) -> weir::task<> {
            while (const auto v = co_await in.receive()) {
              const bool taken = co_await out.send(*v);
              benchmark::DoNotOptimize(taken);
            }
          },
          std::ref(there), std::ref(back));
      for (auto _ : s) {
        const bool taken = co_await there.send(1);
        benchmark::DoNotOptimize(taken);
        benchmark::DoNotOptimize(co_await back.receive());
      }
      there.close();
    });
  }(state));
  loop.drain();
}

weir::task<> parked_on(weir::event& e) { co_await e.wait(); }

/// Times, per round: the request (it reaches all), and what it takes until the last frame is destroyed.
template<memory F> void stop_parked(benchmark::State& state) {
  bench_loop loop(F);
  double request = 0;
  for (auto _ : state) {
    state.PauseTiming();
    weir::event never;
    root r(loop, [](weir::event& e, std::int64_t n) -> weir::task<> {
      co_await weir::with_scope([&](weir::scope& s) -> weir::task<> {
        for (std::int64_t i = 0; i < n; ++i) {
          s.spawn(parked_on(e));
        }
        co_return;
      });
    }(never, state.range(0)));
    loop.drain();
    state.ResumeTiming();
    const auto before = weir::detail::clock::now();
    r.request_stop();
    request += std::chrono::duration<double, std::milli>(weir::detail::clock::now() - before).count();
    loop.drain();
  }
  state.counters["request_ms"] = benchmark::Counter(request, benchmark::Counter::kAvgIterations);
}

BENCHMARK_TEMPLATE(await_child, memory::recycled);
BENCHMARK_TEMPLATE(await_child, memory::malloc);
BENCHMARK(next_of_a_generator);
BENCHMARK_TEMPLATE(spawn_and_join, memory::recycled)->Arg(1)->Arg(100)->Arg(100'000);
BENCHMARK_TEMPLATE(spawn_and_join, memory::malloc)->Arg(1)->Arg(100)->Arg(100'000);
BENCHMARK(yielded);
BENCHMARK(yielded_with_a_stop_callback);
BENCHMARK(channel_ping_pong);
BENCHMARK_TEMPLATE(stop_parked, memory::recycled)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(stop_parked, memory::malloc)->Arg(100'000)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
