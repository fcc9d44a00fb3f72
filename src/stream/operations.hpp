#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "services.hpp"
#include <weir/detail/chain.hpp>
#include <weir/detail/explore.hpp>
#include <weir/detail/owner.hpp>

namespace weir::detail {

/// Base of the operations that something outside the loop carries out: they have ended only when that has come back, stopped or
/// not. If it comes back with a result although the tree stops, the result is given: what is awaited next is stopped.
class outside_operation : public operation {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> void await_suspend(std::coroutine_handle<P> h) noexcept {
    chain_ = h.promise().chain_;
    if (chain_->stop_requested()) {
      chain_->stop_soon();
      return;
    }
    chain_->park(*this);
    begin();
  }

protected:
  outside_operation() = default;
  ~outside_operation() = default;
  virtual void begin() noexcept = 0;
  void came_back(bool with_result) noexcept {
    with_result ? chain_->resume_soon() : chain_->stop_soon();
    hear_of_stop();
  }
  [[nodiscard]] chain& waiting() const noexcept { return *chain_; }
  /// Its tree stops, whether or not the loop has heard of it.
  [[nodiscard]] bool stopping() const noexcept {
    const sync::atomic<bool>* const early = chain_->source().early();
    return chain_->stop_requested() || (early != nullptr && early->load());
  }

private:
  /// A worker or the engine may have seen the root's flag before the loop hears of the stop, and have ended this for it.
  /// Without the request, that would look like a task that was stopped alone: a scope around it would end as if nothing had
  /// happened.
  void hear_of_stop() noexcept {
    if (stopping() && !chain_->stop_requested()) {
      chain_->source().root()->source->request_stop();
    }
  }
  chain* chain_ = nullptr;
};

/// A function on a worker: `f(stop_flag, worker)`, which doesn't throw, and says whether its end may be handed over together
/// with others'. It lives in the awaiting frame, as do its results.
template<class F> class [[nodiscard]] job_operation final : public outside_operation, workers::job {
public:
  /// What it is, on which input (it outlives this), and how much memory it holds, for dumps. For `brief` and `together` see
  /// workers::job.
  job_operation(services& s, F& f, const char* what, std::string_view whose, std::uint64_t holds = 0, bool is_brief = false,
                const void* is_together = nullptr) noexcept
      : job(&run_on_worker, &back_on_loop), services_(s), f_(f), what_(what), whose_(whose), holds_(holds) {
    brief = is_brief;
    together = is_together;
  }
  /// From the job's begin to its end.
  std::chrono::nanoseconds await_resume() const noexcept { return ended_ - begun_; }

private:
  void begin() noexcept override {
    root = waiting().source().early();
    services_.workers.submit(*this);
  }
  void stop() noexcept override { services_.workers.cancel(*this); }
  [[nodiscard]] wait_note waits_for() const noexcept override { return {what_, whose_, holds_}; }
  static void run_on_worker(job& j, int worker) noexcept {
    auto& self = static_cast<job_operation&>(j);
    self.begun_ = clock::now();
    self.urgent = !self.f_(j.stop(), worker);
    self.ended_ = clock::now();
  }
  static void back_on_loop(loop::remote_node& n) noexcept {
    auto& self = static_cast<job_operation&>(n);
    if (self.ran && self.stopping()) {
      self.services_.note_wait(self.waiting().source().root(), "a job on a worker", self.whose_);
    }
    self.came_back(self.ran);
  }
  services& services_;
  F& f_;
  const char* what_;
  std::string_view whose_;
  std::uint64_t holds_;
  time_point begun_{};
  time_point ended_{};
};

/// Waits for memory from the pool, in turn.
class [[nodiscard]] grant_operation final : public operation, memory::waiter {
public:
  grant_operation(memory::pool& p, std::uint64_t wanted) noexcept : pool_(p) { bytes = wanted; }
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    chain_ = h.promise().chain_;
    if (chain_->stop_requested()) {
      chain_->stop_soon();
      return true;
    }
    result_ = pool_.try_acquire(bytes, lease_);
    if (result_ != memory::acquisition::must_wait) {
      return false;
    }
    pool_.enqueue(*this);
    chain_->park(*this);
    return true;
  }
  /// Empty: more than the budget. Throws std::bad_alloc.
  memory::lease await_resume() {
    if (result_ == memory::acquisition::out_of_memory || (waited_ && !lease_)) {
      throw std::bad_alloc{};
    }
    return std::move(lease_);
  }

private:
  void stop() noexcept override {
    if (!WEIR_PLANTED(double_resume)) {
      pool_.remove(*this);
    }
    chain_->stop_soon();
  }
  [[nodiscard]] wait_note waits_for() const noexcept override { return {.what = "pool memory", .bytes = bytes}; }
  void granted(memory::lease l) noexcept override {
    lease_ = std::move(l);
    waited_ = true;
    chain_->resume_soon();
  }
  memory::pool& pool_;
  chain* chain_ = nullptr;
  memory::lease lease_;
  memory::acquisition result_ = memory::acquisition::must_wait;
  bool waited_ = false;
};

/// Makes a block's lease the owner of an image or a batch.
inline owner own(memory::lease l) noexcept {
  return owner(l.detach(), 0,
               [](void* b, std::uint64_t) noexcept { const memory::lease ended(*static_cast<memory::block*>(b)); });
}

/// From now on a block that `own` was given counts as the user's.
inline void hold_by_user(const owner& o) noexcept {
  if (o.object() != nullptr) {
    memory::lease l(*static_cast<memory::block*>(o.object()));
    l.hold_by_user();
    (void)l.detach();
  }
}

} // namespace weir::detail
