#include "core.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "../loop/own.hpp"
#include "../workers/pool.hpp"

namespace weir::detail {

namespace {

int cores_available() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

io::engine_kind kind_of(engine_choice c) noexcept {
  switch (c) {
  case engine_choice::uring: return io::engine_kind::uring;
  case engine_choice::blocking: return io::engine_kind::blocking;
  case engine_choice::automatic: break;
  }
  return io::engine_kind::automatic;
}

/// Threads and a kernel.
class machine final : public foundation {
public:
  explicit machine(const runtime_options& o) noexcept : options_(o) {}
  std::unique_ptr<loop::loop> make_loop() override {
    if (options_.loop.loop != nullptr) {
      return std::make_unique<loop::uv_loop_adapter>(options_.loop.loop);
    }
    return std::make_unique<loop::own_loop>();
  }
  std::unique_ptr<workers::crew> make_workers(int count, loop::loop& home) override {
    return std::make_unique<workers::pool>(count, home);
  }
  std::unique_ptr<io::engine> make_engine(loop::loop& home) override {
    io::engine_options eo;
    eo.depth = static_cast<unsigned>(options_.io_depth);
    return io::make_engine(kind_of(options_.engine), home, options_.loop.loop, eo);
  }

private:
  const runtime_options& options_;
};

void check(const runtime_options& o) {
  if (o.workers < 0 || o.io_depth < 1 || o.memory == 0 || o.file_memory == 0) {
    throw std::invalid_argument("weir: runtime_options: workers is 0 or more; io_depth, memory and file_memory are 1 or more");
  }
  if (o.slow_stop > std::chrono::nanoseconds(0) && o.on_dump == nullptr) {
    throw std::invalid_argument("weir: runtime_options: slow_stop needs on_dump, which is told");
  }
}

} // namespace

runtime_core::runtime_core(const runtime_options& o) : options(o), host(o.loop.loop) {
  machine threads_and_kernel(o);
  make(threads_and_kernel);
}

runtime_core::runtime_core(const runtime_options& o, foundation& on) : options(o) { make(on); }

void runtime_core::make(foundation& on) {
  check(options);
  if (options.workers == 0) {
    options.workers = cores_available();
  }
  turns = on.make_loop();
  frames.reset(frame_recycler::create());
  turns->set_frames(frames.get());
  pixels = std::make_unique<memory::pool>(options.memory, options.resource, turns.get());
  files = std::make_unique<memory::segment_pool>(options.file_memory, on.file_memory(), *turns);
  crew = on.make_workers(options.workers, *turns);
  engine = on.make_engine(*turns);
  engine_name = engine->name();
  if (options.slow_stop > std::chrono::nanoseconds(0)) {
    turns->note_steps();
    watch = std::make_unique<watchdog>(options.slow_stop, *this);
  }
  given = std::make_unique<services>(*turns, *engine, *crew, *pixels, *files);
  turns->set_host(given.get());
  turns->add(*this);
  hold_host();
  held_for_first_turn = true;
}

runtime_core::~runtime_core() = default;

void runtime_core::add(root_base& r) {
  if (r.control()->bound()) {
    throw_misuse("weir: a stop handle of a task that runs was given to another");
  }
  if (roots++ == 0) {
    hold_host();
  }
  r.core = this;
  r.previous = nullptr;
  r.next = first_root;
  if (first_root != nullptr) {
    first_root->previous = &r;
  }
  first_root = &r;
  r.launch(*turns);
}

void runtime_core::remove(root_base& r) noexcept {
  (r.previous != nullptr ? r.previous->next : first_root) = r.next;
  if (r.next != nullptr) {
    r.next->previous = r.previous;
  }
}

void runtime_core::stop_all() noexcept {
  for (root_base* r = first_root; r != nullptr; r = r->next) {
    r->control()->request();
  }
}

void runtime_core::hold_host() noexcept {
  if (host != nullptr) {
    static_cast<loop::uv_loop_adapter&>(*turns).hold();
  }
}

void runtime_core::release_host() noexcept {
  if (host != nullptr) {
    static_cast<loop::uv_loop_adapter&>(*turns).release();
  }
}

void runtime_core::end_of_turn() noexcept {
  if (host != nullptr) {
    turning.store(std::this_thread::get_id(), std::memory_order_relaxed);
    if (std::exchange(held_for_first_turn, false)) {
      release_host();
    }
  }
  if (engine) {
    engine->flush();
  }
  if (crew) {
    crew->flush();
  }
}

void runtime_core::begin_closing(std::function<void()> closed_callback) {
  closing = true;
  on_closed = std::move(closed_callback);
  stop_all();
}

void runtime_core::take_down() {
  closed = true;
  turns->remove(*this);
  turns->set_host(nullptr);
  watch.reset();
  engine.reset();
  crew.reset();
  at_end = audit();
  pixels_at_end = pixels->usage();
  no_more_dumps.store(true);
  while (asking.load() != 0) { // on another thread: a handler on this one has returned
    std::this_thread::yield();
  }
  pixels.reset(); // a grant that is on its way runs when the loop closes, and finds nothing to do
  const bool hosted = host != nullptr;
  turns->close(
      [](void* core) noexcept {
        auto& self = *static_cast<runtime_core*>(core);
        self.shut.store(true);
        *self.gone = true;
        if (const auto f = std::move(self.on_closed)) {
          f(); // may destroy the runtime
        }
      },
      this);
  if (hosted) { // then that is yet to come
    shut.store(true);
  }
}

void runtime_core::until_gone() {
  const std::shared_ptr<const bool> is_gone = gone;
  while (!*is_gone) {
    if (roots == 0 && !closed) {
      take_down();
    } else if (host != nullptr) {
      uv_run(host, UV_RUN_ONCE);
    } else {
      turns->run();
    }
  }
}

void runtime_core::quit_if_idle_later() {
  struct check final : loop::remote_node {
    explicit check(runtime_core& c) noexcept : remote_node(&arrive), core(c) {}
    static void arrive(loop::remote_node& n) noexcept {
      const std::unique_ptr<check> self(static_cast<check*>(&n));
      if (self->core.roots == 0) {
        self->core.turns->quit();
      }
    }
    runtime_core& core;
  };
  turns->post_remote(*new check(*this));
}

audit_report runtime_core::audit() const {
  if (!pixels) { // what was started and never arrived is destroyed only when the loop closes
    audit_report a = at_end;
    a.frames = frames->live();
    return a;
  }
  audit_report a;
  a.frames = frames->live();
  const memory::pool_usage p = pixels->usage();
  a.held_by_user = p.held_by_user;
  a.leases = p.leases - p.held_by_user + files->usage().in_use / memory::segment_bytes;
  a.operations = engine ? engine->outstanding() : 0;
  a.jobs = crew ? crew->outstanding() : 0;
  if (crew) {
    for (int i = 0; i < crew->threads(); ++i) {
      a.threads.push_back("weir-work-" + std::to_string(i));
    }
  }
  if (watch) {
    a.threads.emplace_back("weir-watch");
  }
  if (engine) {
    engine->name_threads(a.threads);
  }
  return a;
}

void runtime_core::fatal(const char* what) const noexcept {
  if (options.on_fatal != nullptr) {
    options.on_fatal(what);
  }
  std::abort();
}

void start_request::arrive(loop::remote_node& n) noexcept {
  const std::unique_ptr<start_request> self(static_cast<start_request*>(&n));
  if (self->core.closing) {
    self->root->never_started();
  } else if (self->root->control()->bound()) {
    self->core.fatal("weir: the stop handle of a task that was started was given to run()");
  } else {
    self->core.add(*self->root);
  }
  if (self->holds_host) {
    self->core.release_host();
  }
}

// --- roots

void root_base::attach(context& c) noexcept {
  source_.attach(c, *control_);
  control_->bound_at = core->turns->now();
  if (core->watch) {
    control_->tell_of_stops(*core->watch);
  }
  control_->bind(*core->turns, *this, control_);
}

void root_base::leave(teardown_report& teardown, std::vector<std::exception_ptr>& suppressed) noexcept {
  suppressed = std::move(control_->suppressed);
  if (core == nullptr) {
    return;
  }
  control_->unbind();
  core->remove(*this);
  const root_control& c = *control_;
  const std::int64_t asked = c.requested_at.load();
  const bool stopped = c.stop_requested.load() && asked != 0;
  // It may have been asked for before this task began. An error that was dealt with, or a pipeline, may have ended long ago.
  const time_point from = stopped ? std::max(time_point(std::chrono::nanoseconds(asked)), c.bound_at) : c.ending_since;
  const time_point until = stopped || c.ending_until < c.ending_since ? core->turns->now() : c.ending_until;
  if (from == time_point{}) {
    return;
  }
  teardown.time = until - from;
  if (c.waited_until >= from && c.waited_until <= until) {
    teardown.waited_for = std::move(control_->waited_for);
  }
}

void root_base::left() noexcept {
  runtime_core* const c = core;
  if (c == nullptr) {
    return;
  }
  if (--c->roots == 0) {
    c->release_host();
    if (c->closing && c->host != nullptr) {
      c->take_down();
    }
    if (c->until_idle || (c->closing && c->host == nullptr)) {
      c->turns->quit(); // on a loop of its own, whoever runs it takes the runtime down
    }
  }
}

} // namespace weir::detail
