#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace weir::memory {

/// What became of a request.
enum class acquisition : std::uint8_t {
  granted,
  must_wait,     ///< there is no room now, or somebody waits ahead: enqueue a waiter
  never,         ///< more than the whole budget: it won't ever be granted
  out_of_memory, ///< within the budget, but the memory resource has none
};

/// The links of whoever waits. Not destroyed while it is queued.
template<class Waiter> class wait_link {
public:
  [[nodiscard]] bool queued() const noexcept { return queued_; }

private:
  template<class> friend class wait_list;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  bool queued_ = false;
  bool urgent_ = false;
};

/// First come, first served, but the urgent ones (each the oldest undelivered item of a pipeline) before all others, in the
/// order in which they became urgent. Intrusive, so queueing can't fail; everything takes constant time, but for the urgent
/// ones, which are as many as there are pipelines at most.
template<class Waiter> class wait_list {
public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Waiter* front() const noexcept { return first_; }

  /// True if a newcomer would have somebody ahead of it.
  [[nodiscard]] bool blocks(bool urgent) const noexcept {
    return urgent ? first_ != nullptr && first_->urgent_ : first_ != nullptr;
  }

  void add(Waiter& w, bool urgent) noexcept {
    assert(!w.queued_);
    Waiter* before = last_;
    if (urgent) {
      before = nullptr;
      for (Waiter* at = first_; at != nullptr && at->urgent_; at = at->next_) {
        before = at;
      }
    }
    w.previous_ = before;
    w.next_ = before != nullptr ? before->next_ : first_;
    (w.next_ != nullptr ? w.next_->previous_ : last_) = &w;
    (before != nullptr ? before->next_ : first_) = &w;
    w.queued_ = true;
    w.urgent_ = urgent;
    ++size_;
  }

  void remove(Waiter& w) noexcept {
    (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
    (w.next_ != nullptr ? w.next_->previous_ : last_) = w.previous_;
    w.previous_ = w.next_ = nullptr;
    w.queued_ = w.urgent_ = false;
    --size_;
  }

private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace weir::memory
