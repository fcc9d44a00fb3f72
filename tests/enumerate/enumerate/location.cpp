#include "location.hpp"

#include "scheduler.hpp"

namespace weir::enumerate {

namespace {

bool acquires(std::memory_order o) noexcept {
  return o == std::memory_order::acquire || o == std::memory_order::acq_rel || o == std::memory_order::seq_cst;
}
bool releases(std::memory_order o) noexcept {
  return o == std::memory_order::release || o == std::memory_order::acq_rel || o == std::memory_order::seq_cst;
}

/// What the planted mistake makes of an action.
struct intended {
  std::memory_order order;
  bool skipped;
};
intended begin(action a, const location* object, std::memory_order order, const std::source_location& where) noexcept {
  const plant::mistake m = scheduler::now().before({a, object, where});
  return {m == plant::mistake::weaken ? std::memory_order::relaxed : order, m == plant::mistake::skip};
}

} // namespace

location::location(bits value) noexcept { written_[0].value = value; }

/// How many values back the oldest is that this thread may see.
std::size_t location::oldest_visible(std::memory_order order) const noexcept {
  const vector_clock& known = scheduler::now().clock();
  for (std::size_t back = 0; back + 1 < count_; ++back) {
    const written& w = written_[(newest_ + kept - back) % kept];
    if (order == std::memory_order::seq_cst && w.ordered) {
      return back;
    }
    for (std::size_t t = 0; t < most_threads; ++t) {
      if (w.seen[t] != 0 && w.seen[t] <= known.of(t)) {
        return back;
      }
    }
  }
  return count_ - 1;
}

bits location::see(written& w, std::memory_order order) noexcept {
  scheduler& s = scheduler::now();
  if (w.seen[s.me()] == 0) {
    w.seen[s.me()] = s.clock().of(s.me());
  }
  if (acquires(order)) {
    s.clock().join(w.released);
  }
  return w.value;
}

void location::write(bits value, std::memory_order order, const vector_clock* carried) noexcept {
  scheduler& s = scheduler::now();
  newest_ = (newest_ + 1) % kept;
  count_ += count_ < kept ? 1 : 0;
  written& w = written_[newest_];
  w = {};
  w.value = value;
  w.ordered = order == std::memory_order::seq_cst;
  w.seen[s.me()] = s.clock().of(s.me());
  if (releases(order)) {
    w.released = s.clock();
  }
  if (carried != nullptr) { // a release sequence goes on through whoever changes the value
    w.released.join(*carried);
  }
}

bits location::load(std::memory_order order, const std::source_location& where) noexcept {
  const intended does = begin(action::load, this, order, where);
  if (does.skipped) {
    return 0;
  }
  const std::size_t back = scheduler::now().surprise(oldest_visible(does.order) + 1);
  return see(written_[(newest_ + kept - back) % kept], does.order);
}

void location::store(bits value, std::memory_order order, const std::source_location& where) noexcept {
  const intended does = begin(action::store, this, order, where);
  if (!does.skipped) {
    write(value, does.order, nullptr);
  }
}

bits location::change(change_fn to, bits operand, std::memory_order order, const std::source_location& where) noexcept {
  const intended does = begin(action::change, this, order, where);
  if (does.skipped) {
    return written_[newest_].value;
  }
  const vector_clock carried = written_[newest_].released;
  const bits before = see(written_[newest_], does.order);
  write(to(before, operand), does.order, &carried);
  return before;
}

bool location::compare_exchange(bits& expected, bits desired, bool weak, std::memory_order order, std::memory_order otherwise,
                                const std::source_location& where) noexcept {
  const intended does = begin(action::change, this, order, where);
  if (does.skipped) {
    return true;
  }
  if (written_[newest_].value != expected || (weak && scheduler::now().surprise(2) != 0)) {
    expected = see(written_[newest_], otherwise);
    return false;
  }
  const vector_clock carried = written_[newest_].released;
  see(written_[newest_], does.order);
  write(desired, does.order, &carried);
  return true;
}

} // namespace weir::enumerate
