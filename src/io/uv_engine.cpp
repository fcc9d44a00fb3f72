#include "uv_engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "file_steps.hpp"

namespace weir::io {

namespace {

/// How many threads libuv's pool has, by libuv's own rule.
std::size_t pool_size() noexcept {
  const char* set = std::getenv("UV_THREADPOOL_SIZE");
  const int size = set == nullptr ? 4 : std::atoi(set);
  return static_cast<std::size_t>(std::clamp(size, 1, 1024));
}

} // namespace

struct uv_engine::waiting_file {
  uv_poll_t handle{};
  uv_engine* engine = nullptr;
  read_op* op = nullptr;
  waiting_file* next = nullptr;
};

uv_engine::uv_engine(loop::remote& remote, uv_loop_t* host)
    : front(remote), host_(host), works_(std::max<std::size_t>(pool_size(), 2) - 1) {
  for (work& w : works_) {
    w.engine = this;
    w.request.data = &w;
  }
}

void uv_engine::hand_over(op_list& ops) noexcept {
  while (read_op* op = ops.pop_front()) {
    op->queued = queued;
    waiting_.push_back(*op);
  }
  pump();
}

bool uv_engine::retract(read_op& op) noexcept {
  switch (op.queued) {
  case queued:
    waiting_.remove(op);
    if (op.fd >= 0) { // to be closed, by a work item of its own: that may block
      waiting_.push_front(op);
      return false;
    }
    op.queued = nowhere;
    return true;
  case stalled_here:
    stalled_.remove(op);
    op.queued = nowhere;
    return true;
  case working: uv_cancel(reinterpret_cast<uv_req_t*>(&works_[op.slot].request)); return false; // EBUSY: it sees the flag
  case polled:
    for (waiting_file* f = first_polled_; f != nullptr; f = f->next) {
      if (f->op == &op) {
        stop_waiting(*f);
        break;
      }
    }
    return false;
  default: return false;
  }
}

void uv_engine::pump() noexcept {
  for (std::size_t i = 0; i < works_.size() && busy_ < works_.size() && !waiting_.empty(); ++i) {
    work& w = works_[i];
    if (w.op != nullptr) {
      continue;
    }
    w.op = waiting_.pop_front();
    w.op->queued = working;
    w.op->slot = static_cast<std::uint32_t>(i);
    w.began = ended_;
    w.unready = w.later = false;
    ++busy_;
    // Fails only without a function.
    uv_queue_work(
        host_, &w.request,
        [](uv_work_t* request) {
          work& mine = *static_cast<work*>(request->data);
          const progress p = carry_on_past_leases(*mine.op);
          mine.unready = p == progress::unready;
          mine.later = p == progress::later;
        },
        [](uv_work_t* request, int status) {
          work& mine = *static_cast<work*>(request->data);
          mine.engine->worked(mine, status);
        });
  }
}

void uv_engine::worked(work& w, int status) noexcept {
  read_op& op = *w.op;
  w.op = nullptr;
  --busy_;
  if (!w.later) {
    one_ended();
  }
  if (status == UV_ECANCELED && op.fd >= 0) {
    op.queued = queued; // its file has to be closed yet
    waiting_.push_front(op);
  } else if (status == UV_ECANCELED) {
    op.result = read_op::outcome::cancelled;
    back(op);
  } else if (w.unready) {
    wait_for(op);
  } else if (w.later) {
    stalled(op, w.began);
  } else {
    back(op);
  }
  pump();
}

/// A file may have been closed: those that found no descriptor try again, before all others.
void uv_engine::one_ended() noexcept {
  ++ended_;
  while (read_op* op = stalled_.pop_front()) {
    op->queued = queued;
    waiting_.push_front(*op);
  }
}

/// Either it fails, or it waits for another of this engine's files to be closed.
void uv_engine::stalled(read_op& op, std::uint64_t began) noexcept {
  if (busy_ == 0 && began == ended_) {
    one_ended();
    back(op);
    return;
  }
  if (began != ended_ || op.stop().requested()) {
    op.queued = queued;
    waiting_.push_front(op);
  } else {
    op.queued = stalled_here;
    stalled_.push_back(op);
  }
}

void uv_engine::wait_for(read_op& op) noexcept {
  auto* file = new (std::nothrow) waiting_file;
  const int error = file == nullptr ? UV_ENOMEM : uv_poll_init(host_, &file->handle, op.fd);
  if (error != 0) {
    delete file;
    close_file(op);
    failed(op, -error, false);
    back(op);
    return;
  }
  file->engine = this;
  file->op = &op;
  file->next = first_polled_;
  file->handle.data = file;
  first_polled_ = file;
  op.queued = polled;
  uv_poll_start(&file->handle, UV_READABLE, [](uv_poll_t* handle, int, int) { // an error too: the read will name it
    auto& ready = *static_cast<waiting_file*>(handle->data);
    ready.engine->stop_waiting(ready);
  });
  if (op.stop().requested()) {
    stop_waiting(*file);
  }
}

/// Ready, or cancelled: the rest is done when the handle has gone.
void uv_engine::stop_waiting(waiting_file& file) noexcept {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&file.handle)) != 0) {
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&file.handle), [](uv_handle_t* handle) {
    auto* gone = static_cast<waiting_file*>(handle->data);
    uv_engine& self = *gone->engine;
    waiting_file** link = &self.first_polled_;
    while (*link != gone) {
      link = &(*link)->next;
    }
    *link = gone->next;
    read_op& op = *gone->op;
    delete gone;
    if (op.stop().requested()) {
      carry_on(op); // closes it, which blocks for no FIFO: nothing to wait for the pool for
      self.back(op);
    } else {
      op.queued = queued;
      self.waiting_.push_front(op);
      self.pump();
    }
  });
}

void uv_engine::back(read_op& op) noexcept {
  op.queued = nowhere;
  remote().post_remote(op);
}

} // namespace weir::io
