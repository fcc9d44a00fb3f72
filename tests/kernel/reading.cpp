#include "reading.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include "io/front.hpp"
#include "io/request_queue.hpp"
#include "io/ring_driver.hpp"
#include "io/wake_descriptor.hpp"

namespace weir::test {

namespace {

using outcome = io::read_op::outcome;

/// Bytes of which no two places look alike, and none looks like what the fake kernel scribbles.
std::string text(std::size_t count) {
  std::string t;
  for (std::size_t i = 0; i < count; ++i) {
    t.push_back(static_cast<char>('!' + i * 37 % 91));
  }
  return t;
}

void make_files(fake_kernel& k) {
  k.files["empty"] = {};
  k.files["small"].content = text(50);
  k.files["exact"].content = text(64);
  k.files["large"].content = text(700);
  k.files["directory"].is = fake_kernel::kind::directory;
  k.files["silent"] = {fake_kernel::kind::fifo, "", true};
  k.files["written"] = {fake_kernel::kind::fifo, text(100), true};
}

/// As uring_engine, but for the thread: the test's own is the I/O thread, and the loop acts while that is in the kernel.
class engine_without_thread final : public io::front {
public:
  explicit engine_without_thread(loop::remote& home) noexcept : front(home) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "test"; }
  void name_threads(std::vector<std::string>& /*to*/) const override {}
  void close() noexcept {
    if (queue.close()) {
      wake.wake();
    }
  }
  io::request_queue queue;
  io::wake_descriptor wake;

private:
  void hand_over(io::op_list& ops) noexcept override {
    if (queue.hand_over(ops)) {
      wake.wake();
    }
  }
  bool retract(io::read_op& op) noexcept override { return queue.retract(op); }
};

class loop_side;

struct reader : io::read_op {
  reader(loop_side& home, const reading::input& in);
  void grow(int count) {
    for (; count > 0; --count) {
      memory.push_back(std::make_unique<std::byte[]>(of.segment)); // on its own, so that ASan sees its ends
      segments.push_back({memory.back().get(), of.segment, 0, nullptr});
      if (segments.size() > 1) {
        segments[segments.size() - 2].next = &segments.back();
      }
    }
  }
  [[nodiscard]] std::string read() const {
    std::string all;
    for (const memory::segment& s : segments) {
      all.append(reinterpret_cast<const char*>(s.data), s.used);
    }
    return all;
  }
  static void came(loop::remote_node& n) noexcept;

  loop_side& to;
  const reading::input& of;
  const std::unique_ptr<std::string> where; // a piece of memory of its own, that goes with the operation
  std::deque<memory::segment> segments;
  std::vector<std::unique_ptr<std::byte[]>> memory;
  int ends = 0;
  bool submitted = false;
  bool asked_to_end = false;
};

/// The loop, and what happens on it. Each call of `act` is a turn.
class loop_side final : public loop::remote {
public:
  loop_side(const reading& r, fake_kernel& k) : scenario_(r), kernel_(k), engine(*this) {
    for (const reading::input& in : r.inputs) {
      readers.push_back(std::make_unique<reader>(*this, in));
    }
  }
  void post_remote(loop::remote_node& n) noexcept override { queue_.push(n); }
  void post_remote_chain(loop::remote_node& first, loop::remote_node& last) noexcept override {
    queue_.push_chain(first, last);
  }

  bool act() {
    if (inside_) {
      return false; // the loop is a thread of its own: it isn't entered twice
    }
    inside_ = true;
    const bool came_back = !queue_.empty();
    drain();
    const bool waits = next_ < scenario_.moves.size() && scenario_.moves[next_].does == reading::move::what::await &&
                       readers[scenario_.moves[next_].which]->ends == 0;
    const bool moves = next_ < scenario_.moves.size() && !waits;
    const bool something = came_back || moves;
    if (moves) {
      do {
        make(scenario_.moves[next_++]);
      } while (next_ < scenario_.moves.size() && scenario_.moves[next_].does == reading::move::what::submit &&
               scenario_.moves[next_ - 1].does == reading::move::what::submit);
    }
    engine.flush();
    const bool over = !something && !waits && !closed_ && engine.outstanding() == 0;
    if (over) {
      closed_ = true;
      engine.close();
    }
    inside_ = false;
    return something || over;
  }

  void drain() {
    for (loop::remote_node* n = queue_.take_all(); n != nullptr;) {
      loop::remote_node* const following = n->next;
      n->run(*n);
      n = following;
    }
  }

  void came(reader& r) noexcept {
    check_let_go(r);
    if (r.result != outcome::more) {
      ++r.ends;
      if (r.fd >= 0) {
        kernel_.violate(r.of.path + " came back with its file open");
      }
      return;
    }
    if (r.of.stops_after_more) {
      r.asked_to_end = true;
      engine.cancel(r);
    } else {
      r.grow(static_cast<int>(r.wanted));
      engine.submit(r);
    }
  }

  /// A cancel has found something in the kernel: it is that of a file whose end was asked for.
  void cancelled(int fd, const char* path) {
    for (const auto& r : readers) {
      if (r->submitted && r->ends == 0 && !r->asked_to_end && ((fd >= 0 && r->fd == fd) || r->path == path)) {
        kernel_.violate("a cancel reached " + r->of.path + ", which nobody wanted to end");
      }
    }
  }

  std::string outcome_of(const reader& r) const {
    if (!r.submitted) {
      return {};
    }
    if (r.ends != 1) {
      return r.of.path + " came back " + std::to_string(r.ends) + " times";
    }
    const auto file = kernel_.files.find(r.of.path);
    switch (r.result) {
    case outcome::done:
      if (file == kernel_.files.end() || r.read() != file->second.content || r.size != file->second.content.size()) {
        return r.of.path + " was read wrongly";
      }
      return {};
    case outcome::cancelled: return r.asked_to_end ? "" : r.of.path + " was cancelled, and nobody had asked for that";
    case outcome::failed: {
      const bool own = file == kernel_.files.end() ? r.error == ENOENT && r.opening
                                                   : file->second.is == fake_kernel::kind::directory && r.error == EISDIR;
      static constexpr std::array<int, 5> honest = {EIO, EACCES, ENOMEM, EMFILE, ESTALE};
      const bool injected = kernel_.injected(r.error) && std::find(honest.begin(), honest.end(), r.error) != honest.end();
      return own || injected ? "" : r.of.path + " failed with " + std::to_string(r.error) + ", which isn't its error";
    }
    default: return r.of.path + " ended as more";
    }
  }

private:
  void make(const reading::move& m) {
    switch (m.does) {
    case reading::move::what::submit:
      readers[m.which]->submitted = true;
      engine.submit(*readers[m.which]);
      break;
    case reading::move::what::cancel:
      readers[m.which]->asked_to_end = true;
      engine.cancel(*readers[m.which]);
      break;
    case reading::move::what::stop_root: // from another thread; the loop follows
      root.store(true);
      for (auto& r : readers) {
        r->asked_to_end = true;
      }
      for (auto& r : readers) {
        if (r->submitted && r->ends == 0) {
          engine.cancel(*r);
        }
      }
      break;
    case reading::move::what::turn:
    case reading::move::what::await: break;
    }
  }

  /// From here on its memory is the pool's: nothing in the kernel may have anything to do with it.
  void check_let_go(const reader& r) {
    if (kernel_.reads_path(r.path)) {
      kernel_.violate(r.of.path + " came back while its open is in the kernel");
    }
    for (const memory::segment& s : r.segments) {
      if (kernel_.may_write_to(s.data, s.capacity)) {
        kernel_.violate(r.of.path + " came back while the kernel may write to its memory");
      }
    }
  }

  const reading& scenario_;
  fake_kernel& kernel_;
  loop::remote_queue queue_;
  std::size_t next_ = 0;
  bool closed_ = false;
  bool inside_ = false;

public:
  engine_without_thread engine;
  std::vector<std::unique_ptr<reader>> readers;
  sync::atomic<bool> root{false};
};

reader::reader(loop_side& home, const reading::input& in)
    : read_op(&reader::came), to(home), of(in), where(std::make_unique<std::string>(in.path)) {
  path = where->c_str();
  root = &home.root;
  grow(in.segments);
  first = &segments.front();
  current = first;
}

void reader::came(loop::remote_node& n) noexcept {
  auto& r = static_cast<reader&>(n);
  r.to.came(r);
}

} // namespace

std::string run(const reading& scenario, plan& decides, const std::function<void(fake_kernel&)>& adjust) {
  decides.start();
  fake_kernel kernel(decides);
  make_files(kernel);
  kernel.submission_entries = scenario.submission_entries;
  if (adjust) {
    adjust(kernel);
  }
  loop_side loop(scenario, kernel);
  try {
    io::ring_driver driver(loop, loop.engine.queue, loop.engine.wake, scenario.depth);
    kernel.meanwhile = [&] { return loop.act(); };
    kernel.cancelling = [&](int fd, const char* path) { loop.cancelled(fd, path); };
    driver.run();
    kernel.meanwhile = nullptr;
    loop.drain();
    for (const auto& r : loop.readers) {
      const std::string wrong = loop.outcome_of(*r);
      if (!wrong.empty()) {
        kernel.violate(wrong);
      }
    }
  } catch (const std::system_error& refused) {
    if (refused.code().value() == 0) {
      kernel.violate("the ring was refused without an error");
    }
  }
  if (kernel.open_files() != 0) {
    kernel.violate("a descriptor is left open");
  }
  return kernel.violation();
}

const std::vector<reading>& readings() {
  using m = reading::move;
  const auto submit = [](std::size_t i) { return m{m::what::submit, i}; };
  const auto cancel = [](std::size_t i) { return m{m::what::cancel, i}; };
  const m turn{m::what::turn, 0};
  const m stop_root{m::what::stop_root, 0};
  static const std::vector<reading> all = {
      {.name = "two files, one of several segments", .inputs = {{"small"}, {"large", 64, 2}}, .moves = {submit(0), submit(1)}},
      {.name = "a file that ends with its segment, an empty one, one that is missing, a directory",
       .inputs = {{"exact"}, {"empty"}, {"missing"}, {"directory"}},
       .moves = {submit(0), submit(1), submit(2), submit(3)}},
      {.name = "a file that is cancelled", .inputs = {{"large", 64, 4}, {"small"}}, .moves = {submit(0), submit(1), cancel(0)}},
      {.name = "a file that is cancelled after more",
       .inputs = {{"large", 64, 1, true}, {"small"}},
       .moves = {submit(0), submit(1)}},
      {.name = "a FIFO that nobody writes to, cancelled, and a file behind it",
       .inputs = {{"silent"}, {"small"}},
       .moves = {submit(0), turn, submit(1), turn, cancel(0)}},
      {.name = "FIFOs, one with something to read, and the root stops",
       .inputs = {{"written", 64, 1}, {"silent"}, {"large", 64, 1}},
       .moves = {submit(0), submit(1), turn, submit(2), stop_root}},
      {.name = "more files than the depth, with two entries on the ring",
       .inputs = {{"small"}, {"large", 64, 8}, {"exact"}, {"silent"}},
       .moves = {submit(0), submit(1), submit(3), submit(2), turn, cancel(3)},
       .depth = 2,
       .submission_entries = 18},
  };
  return all;
}

} // namespace weir::test
