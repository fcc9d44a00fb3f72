#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/channel.hpp>
#include <weir/event.hpp>
#include <weir/semaphore.hpp>
#include <weir/task.hpp>

namespace weir {
class runtime;
}

// Everything in the library that can be awaited, each so that it doesn't end by itself. A new awaiter, and a new wait that a
// dump has words for, is added here; tests/unit/runtime/awaitables_test.cpp compares the list with the sources.

namespace weir::test {

/// Files for those that need a runtime: where they are, on a real disk or on a simulated one.
struct never_ready_files {
  std::string silent; ///< a FIFO that nobody writes to
  std::string small;  ///< a PNG of 8 x 4 pixels
  std::string broken; ///< another, whose last checksum is wrong
  std::string middle; ///< a PNG whose pixels take 30,000 bytes
  std::string large;  ///< one whose pixels take 1,440,000
  std::string of_palette;
  std::string header_later; ///< a PNG with many chunks before its header
  std::string two_segments; ///< no picture
};
struct file_content {
  std::string never_ready_files::*name;
  std::vector<std::uint8_t> bytes;
};
/// What stands in them; all but `silent`. `segment`: the size of a segment.
[[nodiscard]] std::vector<file_content> contents_of_files(std::size_t segment);

/// What the tasks wait for. None of it ever comes.
struct never_ready {
  event never;
  semaphore none{0};
  channel<int> empty{1};
  channel<int> full{1};
  never_ready() {
    int one = 1;
    static_cast<void>(full.try_send(one));
  }
  never_ready(runtime& r, const never_ready_files& f, void (*p)()) : never_ready() {
    rt = &r;
    files = &f;
    pause = p;
  }

  // For those that need a runtime. It has one worker.
  runtime* rt = nullptr;
  const never_ready_files* files = nullptr;
  void (*pause)() = nullptr; ///< what a job does, again and again, that waits for its flag
};

struct awaitable {
  const char* awaiter;   ///< the class whose await_suspend it goes through
  const char* waits_for; ///< how a dump describes the wait in which it stays
  task<> (*wait)(never_ready&);
  bool ends_by_itself = false; ///< it doesn't wait: it is there for what comes after it, which is stopped
  // What the runtime needs to have for this wait; in one with less it waits for something else.
  std::uint64_t memory = 45'000;
  std::uint32_t file_segments = 2;
};

/// Those of the core, which need no runtime.
[[nodiscard]] const std::vector<awaitable>& awaitables_of_the_core();
/// All there are.
[[nodiscard]] const std::vector<awaitable>& awaitables();

} // namespace weir::test
