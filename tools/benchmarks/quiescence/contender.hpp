#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quiescence {

/// What is in flight when the stop comes.
enum class work {
  reads,   ///< of whole files, each into memory of its own, over and over
  decodes, ///< of files that are in memory, as many as asked for at once, over and over
  stream,  ///< read and decode, file after file
  memory,  ///< tasks that wait for memory of a pool that has none left
  parked,  ///< tasks that wait for something that never comes
};

struct job {
  work what = work::decodes;
  std::size_t count = 64; ///< operations, jobs or tasks in flight
  std::size_t threads = 2;
  bool whole = false; ///< a file, once begun, is read or decoded to its end; else whoever can looks for a stop in between
  std::vector<std::string> paths;
  std::vector<std::string> bodies; ///< the files' contents, for `decodes` and `memory`
};

/// One way to do a job and to stop it. Made once, then stopped many times.
class contender {
public:
  contender() = default;
  contender(const contender&) = delete;
  contender& operator=(const contender&) = delete;
  virtual ~contender() = default;

  /// Does the job until it is stopped, and returns when nothing of it is left: no function runs, no operation is in the kernel.
  /// Calls `begun` once everything is in flight. False: it has ended otherwise.
  virtual bool run(const std::function<void()>& begun) = 0;
  /// From another thread, once, after `begun`.
  virtual void stop() noexcept = 0;
};

/// Null: it has no such thing.
std::unique_ptr<contender> make_weir(const job& j);
std::unique_ptr<contender> make_jthreads(const job& j);
std::unique_ptr<contender> make_libuv(const job& j);

} // namespace quiescence
