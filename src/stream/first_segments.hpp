#pragma once

#include <cstdint>

#include "../memory/segment_pool.hpp"
#include <weir/detail/chain.hpp>

namespace weir::detail {

/// A file's first segments: as many as asked for if they are there, else one; for that it waits in turn, unless it is the
/// oldest file that has not been given on.
class [[nodiscard]] first_segments final : public operation, memory::segment_waiter {
public:
  /// `waiting` is set while it waits.
  first_segments(memory::segment_pool& p, std::uint32_t wanted, bool oldest, first_segments*& waiting) noexcept
      : pool_(p), wanted_(wanted), oldest_(oldest), waiting_(waiting) {
    count = 1;
  }
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    chain_ = h.promise().chain_;
    if (chain_->stop_requested()) {
      chain_->stop_soon();
      return true;
    }
    if (wanted_ > 1 && pool_.try_acquire(wanted_, first_) == memory::acquisition::granted) {
      return false;
    }
    const memory::acquisition a = oldest_ ? pool_.force(1, first_) : pool_.try_acquire(1, first_);
    if (a != memory::acquisition::must_wait) {
      return false;
    }
    pool_.enqueue(*this);
    waiting_ = this;
    chain_->park(*this);
    return true;
  }
  /// Null: there is no memory.
  memory::segment* await_resume() noexcept { return first_; }
  /// While it waits: it has become the oldest.
  void become_oldest() noexcept {
    pool_.remove(*this);
    memory::segment* s = nullptr;
    (void)pool_.force(1, s);
    granted(s);
  }

private:
  [[nodiscard]] wait_note waits_for() const noexcept override {
    return {.what = "file memory", .bytes = memory::segment_bytes};
  }
  void stop() noexcept override {
    waiting_ = nullptr;
    pool_.remove(*this);
    chain_->stop_soon();
  }
  void granted(memory::segment* s) noexcept override {
    waiting_ = nullptr;
    first_ = s;
    chain_->resume_soon();
  }
  memory::segment_pool& pool_;
  chain* chain_ = nullptr;
  memory::segment* first_ = nullptr;
  std::uint32_t wanted_;
  bool oldest_;
  first_segments*& waiting_;
};

} // namespace weir::detail
