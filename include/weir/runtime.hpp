#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/detail/root.hpp>
#include <weir/outcome.hpp>
#include <weir/stop_handle.hpp>
#include <weir/task.hpp>

struct uv_loop_s;

namespace weir {

/// What carries out file operations.
enum class engine_choice : unsigned char {
  automatic, ///< io_uring, or `blocking` where the kernel or a sandbox forbids it
  uring,     ///< io_uring, on one thread
  blocking,  ///< a few threads; on a host's libuv loop, libuv's
};

/// A host's libuv loop: see on().
struct host_loop {
  uv_loop_s* loop = nullptr;
};
/// The coroutines run on `loop`, which the host runs; it outlives the runtime. What it is not asked for is never called on it.
[[nodiscard]] inline host_loop on(uv_loop_s* loop) noexcept { return {loop}; }

/// Sizes in bytes.
struct runtime_options {
  int workers = 0;                                     ///< threads that decode; 0: one for each core that the process may use
  std::uint64_t memory = std::uint64_t{256} << 20;     ///< for pixels
  std::uint64_t file_memory = std::uint64_t{16} << 20; ///< for file bytes; the oldest file may go past it
  host_loop loop{};                                    ///< none: the thread that calls run()
  weir::engine_choice engine = weir::engine_choice::automatic;
  int io_depth = 32;                             ///< file operations in the kernel at a time
  std::pmr::memory_resource* resource = nullptr; ///< where the pixels' memory comes from (aligned to 64); outlives every batch
  /// Called with a text before the library aborts: misuse that can't be reported otherwise; in builds with assertions also what
  /// is left alive in ~runtime.
  void (*on_fatal)(const char*) = nullptr;
  /// Gets what `runtime::request_dump` and the watchdog ask for, on the loop thread. Doesn't throw. `on_dump_context` is its
  /// first argument.
  void (*on_dump)(void* context, std::string_view text) = nullptr;
  void* on_dump_context = nullptr;
  /// A watchdog, if more than 0: where a task whose stop was requested hasn't ended so long after it, `on_dump` gets a dump,
  /// once a stop. It is a thread of its own, "weir-watch", that sleeps while no stop is under way. If the loop thread itself is
  /// stuck, in a function of yours say, `on_dump` is called on the watchdog's thread instead, after as long again, with what
  /// can be told from there: the function of the task that ran last.
  std::chrono::nanoseconds slow_stop{0};
};

/// What is alive in a runtime. After `run`, and before anything is started, all are 0 but what the user holds.
struct audit_report {
  std::size_t frames = 0;           ///< coroutine frames, child records and connected stages
  std::size_t leases = 0;           ///< blocks of memory in a pipeline, and segments of files
  std::size_t operations = 0;       ///< file operations
  std::size_t jobs = 0;             ///< queued or running on workers
  std::size_t held_by_user = 0;     ///< blocks in images and batches that the user has
  std::vector<std::string> threads; ///< those that the runtime made
};

/// What a runtime did so far, in bytes and counts.
struct metrics_report {
  std::uint64_t bytes_read = 0;
  std::uint64_t files_read = 0;
  std::uint64_t images_decoded = 0;
  std::uint64_t copies = 0; ///< images that were copied into their batch
  std::uint64_t memory_budget = 0;
  std::uint64_t memory_in_use = 0;
  std::uint64_t memory_high_water = 0; ///< never above the budget
  std::uint64_t file_memory_high_water = 0;
};

/// Runs tasks: owns a loop, the workers, an engine for files, and the memory. Several may exist; there are no globals. It
/// installs no signal handler, prints nothing, and makes no thread but the workers and those of the engine.
///
///     using namespace weir::literals;
///     weir::runtime rt{{.workers = 4, .memory = 512_MiB}};
///     auto outcome = rt.run(work());     // done, failed or stopped; nothing of it is left
///
/// Members are called on the loop thread (the one that calls `run`, or the host's), but for `start`.
class runtime {
public:
  /// Throws std::system_error (threads, descriptors, an engine that was asked for by name and is forbidden), std::bad_alloc,
  /// std::invalid_argument.
  explicit runtime(runtime_options options = {});
  /// Stops what runs, waits until it has ended, and ends the threads. On a host's loop, unless close() has called back before,
  /// it runs the host's loop for that: then not from one of the host's callbacks. From inside a task or callback of its own:
  /// on_fatal, and abort.
  ~runtime();
  explicit runtime(std::unique_ptr<detail::runtime_core> core) noexcept; ///< the library's: one that stands on something else
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Runs `t` to its end, and what else was started meanwhile. Throws std::logic_error from inside a task or callback, after
  /// close(), and if `t` is empty or `stop` is that of a task that runs.
  template<class T> outcome<T> run(task<T> t, const stop_handle& stop = {}) {
    std::optional<outcome<T>> result;
    check_run();
    add(new detail::root<T>(stop.control(), std::move(t), [&](outcome<T> o) {
      result.emplace(std::move(o));
      end_run();
    }));
    drive();
    return std::move(*result);
  }
  /// Runs until nothing that was started is left.
  void run();

  /// Starts `t`; `on_done(outcome<T>)` is called on the loop thread at its end, and doesn't throw. Any thread, also before the
  /// loop runs. While the runtime closes, or if it ends before it ever ran: the outcome is stopped. Throws std::logic_error if
  /// `t` is empty, and once the runtime is closed.
  ///
  /// On a host's loop, what its own thread starts keeps uv_run from returning; what another thread starts while nothing else
  /// does, waits for the next uv_run.
  template<class T> stop_handle start(task<T> t, std::function<void(outcome<T>)> on_done = {}) {
    stop_handle stop;
    post(new detail::root<T>(stop.control(), std::move(t), std::move(on_done)));
    return stop;
  }
  template<class T, class F>
  requires std::invocable<F&, outcome<T>> stop_handle start(task<T> t, F on_done) {
    return start(std::move(t), std::function<void(outcome<T>)>(std::move(on_done)));
  }

  /// Stops what runs; when all of it has ended, ends the threads, gives the host's loop its handles back, and calls `closed`
  /// from there; `closed` may be empty, and may destroy the runtime. After that nothing may be started, nor run. On a loop of
  /// its own it has called `closed` when it returns, or, called from inside a task, when run() does. Throws std::logic_error
  /// the second time.
  void close(std::function<void()> closed);

  [[nodiscard]] audit_report audit() const;
  [[nodiscard]] metrics_report metrics() const;
  /// Writes what is alive, for a person to read: the tree of tasks, each with its function and line, what it waits for and for
  /// how long; what holds memory; what the workers and the engine have. Changes nothing. Times count from the beginning of the
  /// loop's turn in which a wait began, which is when it began unless something held that turn up. Also from inside a task, and
  /// between runs. Throws std::bad_alloc, and what `to` throws.
  ///
  ///     rt.dump(std::cerr);
  void dump(std::ostream& to) const;
  /// Has the loop give a dump to `runtime_options::on_dump`, in its next turn. Any thread, and from a signal handler, until the
  /// runtime is destroyed; no effect once it is closed, nor while one is on its way.
  void request_dump() noexcept;

  [[nodiscard]] std::string_view loop_name() const noexcept;   ///< "own" or "uv"
  [[nodiscard]] std::string_view engine_name() const noexcept; ///< "uring" or "blocking": the one that is used
  [[nodiscard]] int workers() const noexcept;

  [[nodiscard]] detail::runtime_core& core() const noexcept { return *core_; } ///< the library's

private:
  void check_run() const;
  void add(detail::root_base* r);
  void post(detail::root_base* r);
  void drive();
  void end_run() noexcept;
  std::unique_ptr<detail::runtime_core> core_;
};

namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long n) noexcept { return n << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long n) noexcept { return n << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long n) noexcept { return n << 30; }
} // namespace literals

} // namespace weir
