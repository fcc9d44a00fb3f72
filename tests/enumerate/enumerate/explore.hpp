#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "step.hpp"

/// Runs a small program of two or three threads in every interleaving that the limits allow, one after the other.
///
/// The threads are fibers of one real thread. Before each action on something that is shared (sync::atomic, sync::mutex,
/// sync::condition_variable, the futex) the scheduler decides who goes on, and what an atomic load sees: the value written
/// last, or an older one that C++'s memory model lets it see still. All decisions of an execution are a path; the next
/// execution takes the next path, depth first, until there is none. A wrong result, a plain value that two threads touch with
/// nothing between them, all threads blocked, and one that goes on for ever are failures, and come with the path that leads
/// there.
///
/// The memory model is C++'s for atomics, in so far as every value is written in the order in which the threads run. Relaxed
/// loads may see old values, release and acquire order what is around them, sequentially consistent actions are in one order.
namespace weir::enumerate {

/// How far the exploring goes. Within these bounds it leaves nothing out.
struct limits {
  int preemptions = 2;                   ///< a thread that could go on is interrupted so often in an execution
  int surprises = 1;                     ///< an old value is seen, a wait ends for no reason, a weak exchange fails
  std::uint64_t executions = 20'000'000; ///< then it gives up
};

struct result {
  std::uint64_t executions = 0;
  bool complete = false; ///< every execution within the limits was tried
  std::string failure;   ///< empty: none was found. Else what, the last actions, and the path for `replay`
};

/// One run of the program under test. What the closures refer to is made anew for each, by the scenario, before the threads
/// start; it lives until `afterwards` has returned.
class execution {
public:
  virtual void thread(std::string_view name, std::function<void()> body) = 0;
  /// Runs once, at any moment, on top of the thread that was added as number `on` (from 0): that one stands still meanwhile.
  virtual void signal_handler(std::string_view name, int on, std::function<void()> body) = 0;
  /// When all threads have ended.
  virtual void afterwards(std::function<void()> check) = 0;

protected:
  ~execution() = default;
};

using scenario = std::function<void(execution&)>;

/// Not from two real threads at a time. WEIR_PREEMPTIONS and WEIR_SURPRISES in the environment raise the limits.
result explore(const scenario& program, const limits& bounds = {}, const plant& mistake = {});

/// Runs the one execution that `path` (from a failure, found within the same limits) describes.
result replay(const scenario& program, std::string_view path, const limits& bounds = {}, const plant& mistake = {});

/// From the program under test, also where no exception could get out: ends the execution with a failure.
void require(bool holds, const char* sentence);

} // namespace weir::enumerate
