#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../loop/remote.hpp"
#include "../memory/segment.hpp"
#include <weir/stop_flag.hpp>

namespace weir::io {

/// What tells whether a path still leads to the same file, with the same contents as far as the file system says.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t number = 0; ///< st_ino
  std::uint64_t size = 0;
  std::int64_t changed_s = 0; ///< st_mtim
  std::int64_t changed_ns = 0;
  bool operator==(const file_identity&) const noexcept = default;
};

/// Reading one file, as one operation over an engine. Intrusive; owned by the loop side, which keeps it, its path and its
/// segments alive until the operation has come back with a final `outcome`.
///
/// Protocol. The loop gives the operation at least one segment and submits it. The engine opens the file, looks at its size
/// (a hint: /proc says 0, files change), and reads into the segments in order until a read returns 0. If the segments are full
/// and the file may go on, it comes back as `more`, with `wanted` = the number of further segments that the size hint asks
/// for (at least one); the file stays open meanwhile. The loop appends segments and submits it again, or cancels it.
/// A file is complete only when a read returned 0 behind its last byte, so a file that is cut or grows while it is read gives
/// what was there, never zero-filled bytes. Where descriptors are short, a file that waits after `more` is closed, and opened
/// again when it goes on; if it is another one by then, it is read from its beginning. `run` (of remote_node) is called on the
/// loop thread each time it comes back. Between submit and that call everything below except `cancelled` is the engine's.
struct read_op : loop::remote_node {
  enum class outcome : std::uint8_t {
    done,      ///< `size` bytes are in the segments' `used`
    more,      ///< see above: not final
    failed,    ///< `error` is an errno, `opening` tells whether open or read gave it
    cancelled, ///< after `cancel`, or because the stop flag was seen; nothing of it is left in the kernel
  };

  explicit read_op(run_fn completed) noexcept : remote_node(completed) {}

  const char* path = nullptr;         ///< as given to open(2), zero-terminated
  memory::segment* first = nullptr;   ///< the chain; the engine sets `used`
  memory::segment* current = nullptr; ///< where the next byte goes; set to `first` before the first submit
  std::uint64_t size = 0;             ///< bytes read so far
  std::uint32_t wanted = 0;           ///< with `more`
  outcome result = outcome::done;
  bool opening = false;                     ///< with `failed`
  int error = 0;                            ///< with `failed`
  sync::atomic<bool> cancelled{false};      ///< set by `engine::cancel`
  const sync::atomic<bool>* root = nullptr; ///< the root's stop flag, looked at before every step; may be null
  [[nodiscard]] stop_flag stop() const noexcept { return stop_flag(&cancelled, root); }

  // The engine's own, for as long as the operation is under way.
  run_fn owner = nullptr; ///< what `run` was: the engine puts its own in between, to count what has come back
  void* engine_data = nullptr;
  read_op* previous = nullptr; ///< of the list that it is in
  read_op* next_active = nullptr;
  std::uint64_t hint = 0;  ///< st_size at the open; 0: it says nothing (any more)
  file_identity identity;  ///< as of the last open
  std::uint32_t slot = 0;  ///< of the thread that has it
  int fd = -1;             ///< open from the first step to the last, over `more` too
  std::uint8_t phase = 0;  ///< where it is, as the loop knows it; loop thread only
  std::uint8_t queued = 0; ///< in which list of the queue between the threads; under the queue's lock
  bool regular = false;    ///< can be read at an offset, and never has to be polled
  // Of `front`, on the loop thread.
  bool going_on = false;     ///< submitted or cancelled after `more`, with its file open
  bool letting_go = false;   ///< its file is being closed, though its owner doesn't know
  bool wanted_again = false; ///< with `letting_go`: submitted meanwhile
  bool wanted_ended = false; ///< with `letting_go`: cancelled meanwhile
};

/// What carries out file operations for a loop. One per runtime. All members but the destructor's waiting are called on the
/// loop thread and never block. No member throws; making one may (std::system_error).
class engine {
public:
  engine() = default;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  /// Nothing may be outstanding. Ends and joins the engine's threads, closes its descriptors.
  virtual ~engine() = default;

  /// Begins `op`, or goes on with it after `more`. It comes back through `op.run` exactly once, however it ends.
  virtual void submit(read_op& op) noexcept = 0;
  /// Asks for its end. It still comes back, once: as `cancelled`, or with what was already decided. Idempotent, cheap, and
  /// legal while it is with the loop after `more` (then the engine closes the file and it comes back as `cancelled`).
  virtual void cancel(read_op& op) noexcept = 0;
  /// End of a loop turn: hands over in one batch what was submitted and cancelled in it, with at most one wake.
  virtual void flush() noexcept = 0;
  /// "uring" or "blocking".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Operations that have not come back for good (those with the loop after `more` count). Loop thread.
  [[nodiscard]] virtual std::size_t outstanding() const noexcept = 0;
  /// Appends the names of the threads that the engine made and still has, as the system shows them.
  virtual void name_threads(std::vector<std::string>& to) const = 0;
};

} // namespace weir::io
