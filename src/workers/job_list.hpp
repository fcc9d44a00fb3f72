#pragma once

#include <cstddef>

#include "job.hpp"

namespace weir::workers {

/// Jobs in the order of submitting, any of which can be taken out.
class job_list {
public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void push_back(job& j) noexcept {
    j.previous_queued = last_;
    j.next_queued = nullptr;
    (last_ != nullptr ? last_->next_queued : first_) = &j;
    last_ = &j;
    ++size_;
  }

  void remove(job& j) noexcept {
    (j.previous_queued != nullptr ? j.previous_queued->next_queued : first_) = j.next_queued;
    (j.next_queued != nullptr ? j.next_queued->previous_queued : last_) = j.previous_queued;
    j.previous_queued = j.next_queued = nullptr;
    --size_;
  }

  template<class F> void each(F f) const {
    for (job* j = first_; j != nullptr; j = j->next_queued) {
      f(*j);
    }
  }
  [[nodiscard]] const job* front() const noexcept { return first_; }

  /// Puts all of `others` before these.
  void prepend(job_list& others) noexcept {
    if (others.first_ == nullptr) {
      return;
    }
    others.last_->next_queued = first_;
    (first_ != nullptr ? first_->previous_queued : last_) = others.last_;
    first_ = others.first_;
    size_ += others.size_;
    others = job_list();
  }

  /// The oldest, taken out; null if there is none.
  job* pop_front() noexcept {
    job* j = first_;
    if (j != nullptr) {
      remove(*j);
    }
    return j;
  }

private:
  job* first_ = nullptr;
  job* last_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace weir::workers
