#include "uv.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace weir::loop {

namespace {
// So many steps before the host has its turn again: a few dozen microseconds.
constexpr std::size_t steps_a_turn = 256;

// libuv takes handles of every kind through a pointer to their common beginning.
template<class Handle> uv_handle_t* base(Handle& h) noexcept { return reinterpret_cast<uv_handle_t*>(&h); }
} // namespace

struct uv_loop_adapter::handles {
  uv_async_t async;     // keeps the host's loop alive while held
  uv_prepare_t prepare; // unreferenced, as is the timer
  uv_timer_t timer;
  uv_idle_t idle; // active while something is ready or a timer has fired, and referenced
  int open = 4;
  void (*closed)(void*) noexcept = nullptr;
  void* arg = nullptr;

  void close_all() noexcept {
    const auto one_closed = [](uv_handle_t* h) noexcept {
      auto* self = static_cast<handles*>(h->data);
      if (--self->open == 0) {
        const auto call = self->closed;
        void* const with = self->arg;
        delete self;
        if (call != nullptr) {
          call(with);
        }
      }
    };
    for (uv_handle_t* h : {base(async), base(prepare), base(timer), base(idle)}) {
      h->data = this;
      uv_close(h, one_closed);
    }
  }
};

uv_loop_adapter::uv_loop_adapter(uv_loop_t* host) : host_(host) {
  auto made = std::make_unique<handles>();
  const int failed = uv_async_init(host, &made->async, [](uv_async_t* h) { static_cast<uv_loop_adapter*>(h->data)->turn(); });
  if (failed != 0) {
    throw std::system_error(-failed, std::generic_category(), "uv_async_init");
  }
  handles_ = made.release();
  uv_prepare_init(host, &handles_->prepare); // these can't fail
  uv_timer_init(host, &handles_->timer);
  uv_idle_init(host, &handles_->idle);
  handles_->async.data = handles_->prepare.data = handles_->timer.data = handles_->idle.data = this;
  uv_unref(base(handles_->async));
  uv_unref(base(handles_->prepare));
  uv_unref(base(handles_->timer));
  uv_prepare_start(&handles_->prepare, [](uv_prepare_t* h) { static_cast<uv_loop_adapter*>(h->data)->turn(); });
}

uv_loop_adapter::~uv_loop_adapter() {
  if (handles_ != nullptr) {
    handles_->close_all();
  }
}

void uv_loop_adapter::hold() noexcept {
  if (holds_++ == 0 && handles_ != nullptr) {
    uv_ref(base(handles_->async));
  }
}

void uv_loop_adapter::release() noexcept {
  assert(holds_ > 0);
  if (--holds_ == 0 && handles_ != nullptr) {
    uv_unref(base(handles_->async));
  }
}

void uv_loop_adapter::run() {
  assert(!running_);
  running_ = true;
  hold();
  while (!quit_) {
    uv_run(host_, UV_RUN_DEFAULT);
  }
  release();
  running_ = quit_ = false;
}

void uv_loop_adapter::quit() noexcept {
  quit_ = true;
  if (running_) {
    uv_stop(host_);
  }
}

void uv_loop_adapter::turn() noexcept {
  wake_.store(false, std::memory_order_seq_cst); // who posts now needn't wake: settle looks at the queue
  begin_turn(now());
  drain(remote_);
  if (next_due() != detail::time_point::max()) {
    fire_due(turn_began());
  }
  run_ready(steps_a_turn);
  end_turn();
  if (handles_ != nullptr) { // not closed by what ran
    settle();
  }
}

// Tells the host how long it may block.
void uv_loop_adapter::settle() noexcept {
  wake_.store(true, std::memory_order_seq_cst);
  if (has_ready() || !remote_.empty()) {
    if (uv_is_active(base(handles_->idle)) == 0) {
      uv_idle_start(&handles_->idle, [](uv_idle_t*) {}); // the turn comes with the prepare handle, right after it
    }
  } else {
    uv_idle_stop(&handles_->idle);
  }
  if (next_due() == timer_at_ && (timer_at_ == detail::time_point::max() || uv_is_active(base(handles_->timer)) != 0)) {
    return;
  }
  timer_at_ = next_due();
  if (timer_at_ == detail::time_point::max()) {
    uv_timer_stop(&handles_->timer);
    return;
  }
  uv_update_time(host_); // its idea of now is from before this turn, and the timer is relative to it
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer_at_ - now()).count();
  // It only lets the host go round once more: the turn comes with the prepare handle. If it came in here and took longer than
  // until the next timer, libuv would go from timer to timer, and the host's other handles would wait for ever.
  uv_timer_start(
      &handles_->timer,
      [](uv_timer_t* h) { uv_idle_start(&static_cast<uv_loop_adapter*>(h->data)->handles_->idle, [](uv_idle_t*) {}); },
      static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(left, 0)), 0);
}

void uv_loop_adapter::wake() noexcept {
  if (wake_.load(std::memory_order_seq_cst) && wake_.exchange(false, std::memory_order_seq_cst)) {
    const int before = errno; // this may be a signal handler
    uv_async_send(&handles_->async);
    errno = before;
  }
}

void uv_loop_adapter::post_remote(remote_node& node) noexcept {
  remote_.push(node);
  wake();
}

void uv_loop_adapter::post_remote_chain(remote_node& first, remote_node& last) noexcept {
  remote_.push_chain(first, last);
  wake();
}

void uv_loop_adapter::close(void (*closed)(void*) noexcept, void* arg) noexcept {
  assert(handles_ != nullptr && closed != nullptr);
  while (drain(remote_)) {
  }
  handles* closing = handles_;
  handles_ = nullptr;
  closing->closed = closed;
  closing->arg = arg;
  closing->close_all();
}

} // namespace weir::loop
