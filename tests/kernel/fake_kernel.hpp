#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <liburing.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "plan.hpp"

namespace weir::test {

/// A kernel in memory, in the place of the real one (it defines what src/io/kernel.hpp declares): files, a ring, and a clock.
/// What it does where a kernel may do several things is the plan's to decide, so a run is a function of its plan.
///
/// It knows which memory it may still write to, and does write there, a pattern, each time that it is entered, until the moment
/// of the completion; and it knows which descriptors are open.
class fake_kernel {
public:
  enum class kind : std::uint8_t { regular, directory, fifo };
  struct file {
    kind is = kind::regular;
    std::string content;                // of a FIFO: what a writer has written before it went away
    bool has_writer = true;             // of a FIFO: else it is opened, and never ready
    std::size_t told = ~std::size_t{0}; // fstat says so much at most: it has grown since
  };

  explicit fake_kernel(plan& decides);
  fake_kernel(const fake_kernel&) = delete;
  fake_kernel& operator=(const fake_kernel&) = delete;
  ~fake_kernel();
  static fake_kernel& now() noexcept;

  std::map<std::string, file> files;
  /// What other threads do while this one is in the kernel: one thing a call. False: there is nothing to do.
  std::function<bool()> meanwhile;
  /// A cancel has found something that has this descriptor, or opens this path.
  std::function<void(int fd, const char* path)> cancelling;
  unsigned submission_entries = 256; ///< the ring gets no more
  /// For a test of one fault: decides in the plan's place, if it returns something else than `unset`.
  static constexpr std::size_t unset = ~std::size_t{0};
  std::function<std::size_t(std::string_view point, std::size_t options)> overrule;

  std::function<void(std::string_view point, std::size_t taken)> told_of; ///< each decision, for whoever looks for a mistake

  // What a check asks.
  [[nodiscard]] bool may_write_to(const std::byte* from, std::size_t bytes) const noexcept;
  [[nodiscard]] bool reads_path(const char* path) const noexcept; ///< an open that is under way has it
  [[nodiscard]] bool is_open(int fd) const noexcept { return open_.contains(fd); }
  [[nodiscard]] std::size_t open_files() const noexcept { return open_.size(); }
  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.size(); }
  [[nodiscard]] bool injected(int error) const noexcept { return injected_.contains(error); }
  [[nodiscard]] const std::string& violation() const noexcept { return violation_; }
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t most_read_a_call() const noexcept {
    return most_read_a_call_;
  } ///< bytes that one `enter` was to read
  [[nodiscard]] bool forbidden() const noexcept { return forbidden_; }
  void violate(const std::string& what) {
    if (violation_.empty()) {
      violation_ = what;
    }
  }

  // The calls (see src/io/kernel.hpp); errors as negative numbers.
  int set_up(io_uring& ring, unsigned entries, const io_uring_params& params);
  void tear_down(io_uring& ring);
  int enter(io_uring& ring, bool submit, int limit_ms, bool waits);
  int open(const char* path);
  int fstat(int fd, struct ::stat& into);
  ssize_t read(int fd, const iovec* into, int count, std::int64_t at);
  int fcntl(int fd, int command, int argument);
  int close(int fd);
  int poll(pollfd* fds, std::size_t count, int limit_ms);
  [[nodiscard]] std::chrono::nanoseconds time() const noexcept { return time_; }
  void pass(std::chrono::nanoseconds t) noexcept { time_ += t; }

private:
  struct request {
    std::uint8_t opcode = 0;
    int fd = -1;
    std::uint64_t address = 0; // of the path; of a cancel: what it is to cancel
    std::uint64_t offset = 0;
    std::uint64_t user_data = 0;
    std::vector<iovec> places;
    unsigned after = 0;   // so many entries into the kernel from now
    bool parked = false;  // done, but for what is put off until somebody asks for events: a cancel doesn't see it
    bool waits = false;   // a poll that isn't ready
    bool started = false; // its result is decided
    int result = 0;
    std::size_t bytes = 0; // of a read that will succeed
  };
  struct opened {
    const file* of = nullptr;
    std::size_t position = 0;
    bool blocks = false; // O_NONBLOCK was taken away
  };

  std::size_t choose(std::string_view point, std::size_t options);
  bool entered();
  void take(io_uring& ring, unsigned count);
  void begin(request& r);
  void cancel(request& c);
  void advance();
  void finish(request& r);
  void post(std::uint64_t user_data, int result);
  unsigned deliver();
  void scribble() noexcept;
  int fail(int error);
  [[nodiscard]] bool ready(int fd) const;
  std::size_t copy(opened& from, const std::vector<iovec>& places, std::size_t at, std::size_t limit) const;
  bool let_time_pass(int limit_ms);

  plan& plan_;
  std::map<int, opened> open_;
  std::deque<request> under_way_;
  std::deque<io_uring_cqe> completed_; // not yet where the ring's owner sees them
  std::set<int> injected_;
  std::string violation_;
  std::size_t calls_ = 0;
  std::size_t most_read_a_call_ = 0;
  unsigned busy_for_ = 0; // calls
  int next_fd_ = 1'000'000;
  bool forbidden_ = false;
  bool gives_up_ = false;
  std::chrono::nanoseconds time_{std::chrono::hours(1)};

  // The memory that is shared with the ring's owner.
  static constexpr unsigned most_entries = 256;
  static constexpr unsigned most_completions = 8192;
  std::vector<io_uring_sqe> sqes_;
  std::vector<io_uring_cqe> cqes_;
  unsigned sq_head_ = 0;
  unsigned sq_tail_ = 0;
  unsigned sq_flags_ = 0;
  unsigned cq_head_ = 0;
  unsigned cq_tail_ = 0;
};

} // namespace weir::test
