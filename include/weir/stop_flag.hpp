#pragma once

#include <weir/detail/sync.hpp>

#include <weir/detail/explore.hpp>

namespace weir {

/// What a job on a worker, or the I/O thread, polls to learn that its work is no longer wanted.
///
/// Two flags are looked at: the operation's own, which the loop sets when a part of the tree stops, and the root's, which
/// the thread that calls `request_stop()` sets at once, so that a busy loop doesn't delay it. Either may be absent.
/// The flags are owned by whoever made the operation and outlive it. Polling costs two relaxed loads; the answer carries
/// no data with it, so relaxed is enough.
class stop_flag {
public:
  stop_flag() noexcept = default;
  explicit stop_flag(const sync::atomic<bool>* own, const sync::atomic<bool>* root = nullptr) noexcept
      : own_(own), root_(root) {}

  /// True once a stop was asked for; never false again after. Any thread.
  [[nodiscard]] bool requested() const noexcept {
#ifdef WEIR_EXPLORE
    if (detail::explore::looks_at_flag != nullptr) {
      detail::explore::looks_at_flag();
    }
#endif
    return (own_ != nullptr && own_->load(std::memory_order_relaxed)) ||
           (root_ != nullptr && root_->load(std::memory_order_relaxed));
  }

private:
  const sync::atomic<bool>* own_ = nullptr;
  const sync::atomic<bool>* root_ = nullptr;
};

} // namespace weir
