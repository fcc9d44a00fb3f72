#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include "assembly.hpp"
#include "errors.hpp"
#include "services.hpp"
#include "slots.hpp"
#include <weir/batched.hpp>
#include <weir/detail/pressure.hpp>

namespace weir::detail {

/// Gives images their places in batches of one block, and takes them in there as they arrive. Asks the pool for the blocks.
class placement final : public slot_source, memory::waiter {
public:
  /// `starves(whose)` is called when images that come in blocks of their own wait for memory for a batch.
  placement(services& s, std::size_t size, batch_options o, pressure& strain, image_lists& lists,
            void (*starves)(void*) noexcept, void* whose)
      : services_(s), size_(size), options_(o), strain_(strain), assembly_(size, false, lists), starves_(starves),
        whose_(whose) {
    assembly_.cell_freed = [](void* self) noexcept { static_cast<placement*>(self)->changed_.wake_all(); };
    assembly_.cell_freed_argument = this;
  }
  placement(const placement&) = delete;
  placement& operator=(const placement&) = delete;
  ~placement() {
    if (memory::waiter::queued()) {
      services_.pixels.remove(*this);
    }
  }

  task<slot_grant> place(const shape& wanted, const item_info& info) override {
    const shape s = wanted;
    if (options_.shapes == shapes::grouped && s.bytes() > services_.pixels.budget()) {
      co_return slot_grant(too_large(info, s, services_.pixels.budget()));
    }
    if (options_.shapes == shapes::same) {
      while (!fixed_ && candidate_) { // until an image has been decoded, the shape isn't known: one at a time
        wait_for w(changed_, "first image, which says the shape");
        co_await w;
      }
      if (fixed_ && *fixed_ != s) {
        co_return slot_grant(shape_mismatch(info, *fixed_, s));
      }
      if (shape_group* const failed = std::exchange(abandoned_, nullptr); failed != nullptr && failed->shape != s) {
        assembly_.drop(*failed);
      }
    }
    several_shapes_ = several_shapes_ || (last_placed_ && *last_placed_ != s);
    last_placed_ = s;
    const std::size_t capacity = capacity_for(s);
    for (;;) {
      shape_group& g = assembly_.group(s, capacity); // one that is there keeps its own capacity, whatever it would be now
      const assembly::assignment a = assembly_.assign(g);
      if (a.block != nullptr) {
        waiting(false);
        candidate_ = true;
        co_return slot_grant(a.block->at(a.cell), owner(a.block, a.cell, &drop_cell), a.block);
      }
      if (a.wants_block && request_block(s.bytes() * g.capacity)) {
        assembly_.add_block(g, std::move(spare_));
        continue;
      }
      if (out_of_memory_) {
        out_of_memory_ = false;
        waiting(false);
        throw std::bad_alloc{};
      }
      waiting(a.wants_block);
      wait_for w(changed_, memory::waiter::queued()
                               ? "pool memory for a batch"
                               : "place in a batch"); // there may be a spare block by now, for which there is no use any more
      co_await w;
    }
  }
  void expect_any_order() noexcept override { assembly_.expect_any_order(); }

  /// How many images of a shape a batch has room for.
  [[nodiscard]] std::size_t capacity_for(const shape& s) const {
    const std::uint64_t budget = services_.pixels.budget();
    // Images that come in blocks of their own, up to half of the budget at a time, and one in hand, need room beside the batch.
    const std::uint64_t one = charge(s.bytes());
    const std::uint64_t beside = copying_ ? budget / 2 + one : 0;
    std::uint64_t room = budget > beside ? budget - beside : 0;
    if (options_.shapes == shapes::grouped && several_shapes_) { // a block for each of several shapes has to fit, full or not
      room = std::min(room, budget / 4);
    }
    auto fits = [&](std::uint64_t n) { return (copying_ ? charge(s.bytes() * n) : s.bytes() * n) <= room; };
    if (options_.shapes == shapes::same && !fits(size_)) {
      throw budget_error(copying_ ? 2 * (charge(s.bytes() * size_) + one) : s.bytes() * size_, budget);
    }
    std::uint64_t n = std::min<std::uint64_t>(size_, std::max<std::uint64_t>(1, room / s.bytes()));
    while (n > 1 && !fits(n)) {
      --n;
    }
    return static_cast<std::size_t>(n);
  }

  [[nodiscard]] static bool is_placed(image& im) noexcept { return im.memory().is(&drop_cell); }
  /// An image that was placed, and has its pixels there. Gives the batch that it completes.
  std::optional<image_batch> arrived(image im) {
    auto& b = *static_cast<open_block*>(im.memory().object());
    const auto cell = static_cast<std::size_t>(im.memory().argument());
    im.memory().release();
    if (!fixed_) {
      fixed_ = im.shape();
      changed_.wake_all();
    }
    const std::uint64_t before = assembly_.copies();
    std::optional<image_batch> full = assembly_.arrive(b, cell, std::move(im), services_.loop.now());
    services_.copies += assembly_.copies() - before;
    return full;
  }
  /// See assembly.
  std::optional<image_batch> close_oldest(bool full_only = false) {
    const std::uint64_t before = assembly_.copies();
    std::optional<image_batch> oldest = assembly_.close_oldest(services_.loop.now(), full_only);
    services_.copies += assembly_.copies() - before;
    return oldest;
  }

  /// Of the images that were decoded, in batches of one shape; from then on no other is placed.
  [[nodiscard]] const std::optional<shape>& fixed() const noexcept { return fixed_; }
  void fix(const std::optional<shape>& s) noexcept { fixed_ = s; }
  /// Images come in blocks of their own.
  void copying() noexcept { copying_ = true; }
  /// One of those waits for memory for its batch.
  [[nodiscard]] bool starving() const noexcept { return starving_; }

private:
  /// True: `spare_` is a block of that size. Else one has been asked for, and `changed_` is woken when it is there.
  bool request_block(std::uint64_t wanted) {
    if (spare_ && spare_.size() == wanted) {
      return true;
    }
    spare_.reset();
    if (memory::waiter::queued()) {
      if (bytes == wanted) {
        return false;
      }
      services_.pixels.remove(*this);
    }
    bytes = wanted;
    switch (services_.pixels.try_acquire(wanted, spare_)) {
    case memory::acquisition::granted: return true;
    case memory::acquisition::never: throw budget_error(wanted, services_.pixels.budget());
    case memory::acquisition::out_of_memory: waiting(false); throw std::bad_alloc{};
    case memory::acquisition::must_wait: break;
    }
    services_.pixels.enqueue(*this);
    return false;
  }
  void granted(memory::lease l) noexcept override {
    out_of_memory_ = !l;
    spare_ = std::move(l);
    changed_.wake_all();
  }
  /// The place() of the next image waits for memory.
  void waiting(bool for_memory) noexcept {
    if (copying_) {
      starving_ = for_memory;
      if (for_memory) {
        starves_(whose_);
      }
    } else {
      strain_.waiting_for_memory = for_memory;
      strain_.changed();
    }
  }
  static void drop_cell(void* block, std::uint64_t cell) noexcept {
    auto& b = *static_cast<open_block*>(block);
    auto* const self = static_cast<placement*>(b.group->parent.cell_freed_argument);
    self->cell_dropped(b);
    self->assembly_.unassign(b, cell);
  }
  void cell_dropped(open_block& b) noexcept {
    if (options_.shapes == shapes::same && !fixed_) { // the only candidate has failed: the next one may have another shape
      candidate_ = false;
      abandoned_ = b.group;
    }
  }

  services& services_;
  const std::size_t size_;
  const batch_options options_;
  pressure& strain_;
  assembly assembly_;
  void (*starves_)(void*) noexcept;
  void* whose_;

  std::optional<shape> fixed_;
  std::optional<shape> last_placed_;
  bool several_shapes_ = false; // have been placed
  bool candidate_ = false;      // an image is on its way, and none has been decoded yet
  shape_group* abandoned_ = nullptr;

  memory::lease spare_;
  bool out_of_memory_ = false;
  bool copying_ = false;
  bool starving_ = false;
  wait_queue changed_; // place()
};

} // namespace weir::detail
