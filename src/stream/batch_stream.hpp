#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "assembly.hpp"
#include "errors.hpp"
#include "operations.hpp"
#include "services.hpp"
#include "slots.hpp"
#include <weir/batched.hpp>

namespace weir::detail {

/// The pump takes images in and builds batches; the consumer takes them. Batches of one block are built by an assembly; ragged
/// ones here.
class batch_stream final : public stream_base<image_batch>, slot_source, memory::waiter, runnable {
public:
  batch_stream(services& s, std::size_t size, batch_options o)
      : services_(s), size_(size), options_(o), assembly_(size, false) {
    assembly_.cell_freed = [](void* self) noexcept { static_cast<batch_stream*>(self)->changed_.wake_all(); };
    assembly_.cell_freed_argument = this;
  }
  ~batch_stream() override {
    up_.reset(); // what is still in there gives its cells back to the assembly
    services_.loop.unpost(*this);
    if (memory::waiter::queued()) {
      services_.pixels.remove(*this);
    }
  }

  void connect(node<image>& up, connection& c) {
    slot_source* const self = this; // a private base
    c.one_shape = options_.shapes == shapes::same;
    c.copied = options_.shapes != shapes::ragged;
    c.slots = c.copied ? self : nullptr;
    c.fills_blanks = c.one_shape; // of groups, a block for a large blank might need what images ahead of it have
    c.strain = strain_;
    up_ = up.connect(c);
    strain_->watch(this, [](void* b) noexcept { static_cast<batch_stream*>(b)->look_later(); });
    c.producers.spawn(pump());
  }

  task<std::optional<item<image_batch>>> next() override {
    while (ready_.empty()) {
      if (ended_) {
        co_return std::optional<item<image_batch>>();
      }
      consumer_waits_ = true;
      close_early();
      if (ready_.empty()) {
        wait_for w(for_ready_, "batch");
        co_await w;
      }
      consumer_waits_ = false;
    }
    item<image_batch> i(std::move(ready_.front()));
    ready_.erase(ready_.begin());
    for_room_.wake_all();
    co_return std::optional<item<image_batch>>(std::move(i));
  }

private:
  task<> pump() {
    for (;;) {
      while (!ready_.empty()) {
        wait_for w(for_room_, "consumer to take a batch");
        co_await w;
      }
      busy_ = false;
      close_early();
      std::optional<item<image>> i = co_await up_->next();
      busy_ = true;
      if (!i) {
        break;
      }
      if (i->failed()) {
        give(std::move(*i).failure_as<image_batch>());
        continue;
      }
      if (options_.shapes == shapes::ragged) {
        take_ragged(std::move(i->value()));
      } else if (is_placed(i->value())) {
        take_placed(std::move(i->value()));
      } else {
        const in_hand held(strain_.get(), i->value().pixels().data() != nullptr ? i->value().shape().bytes() : 0);
        co_await take_copied(std::move(i->value()));
      }
    }
    co_await finish();
  }

  // --- ragged

  void take_ragged(image im) {
    if (loose_.empty()) {
      loose_first_ = services_.loop.now();
    }
    hold_by_user(im.memory());
    loose_.push_back(std::move(im));
    if (loose_.size() == size_) {
      give_loose();
    }
  }
  void give_loose() {
    std::vector<image> images;
    images.reserve(size_); // nothing has moved yet if there is no memory
    ready_.reserve(ready_.size() + 1);
    images.swap(loose_);
    give_batch(image_batch(std::move(images), nullptr, owner(), services_.loop.now() - loose_first_));
  }

  // --- batches of one block

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
      shape_group& g = assembly_.group(s, capacity);
      const assembly::assignment a = assembly_.assign(g);
      if (a.block != nullptr) {
        waiting(false);
        candidate_ = true;
        co_return slot_grant(a.block->at(a.cell), owner(a.block, a.cell, &drop_cell));
      }
      if (a.wants_block && request_block(s.bytes() * capacity)) {
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

  static void drop_cell(void* block, std::uint64_t cell) noexcept {
    auto& b = *static_cast<open_block*>(block);
    auto* const self = static_cast<batch_stream*>(b.group.parent.cell_freed_argument);
    self->cell_dropped(b);
    self->assembly_.unassign(b, cell);
  }
  void cell_dropped(open_block& b) noexcept {
    if (options_.shapes == shapes::same && !fixed_) { // the only candidate has failed: the next one may have another shape
      candidate_ = false;
      abandoned_ = &b.group;
    }
  }
  [[nodiscard]] static bool is_placed(image& im) noexcept { return im.memory().is(&drop_cell); }

  void take_placed(image im) {
    auto& b = *static_cast<open_block*>(im.memory().object());
    const auto cell = static_cast<std::size_t>(im.memory().argument());
    im.memory().release();
    if (!fixed_) {
      fixed_ = im.shape();
      changed_.wake_all();
    }
    const std::uint64_t before = assembly_.copies();
    if (auto batch = assembly_.arrive(b, cell, std::move(im), services_.loop.now())) {
      give_batch(std::move(*batch));
    }
    services_.copies += assembly_.copies() - before;
  }

  task<> take_copied(image im) {
    copying_ = true;
    if (options_.shapes == shapes::same && !fixed_ && im.blank()) {
      co_await hold_leading_blank(std::move(im));
      co_return;
    }
    if (options_.shapes == shapes::same && !fixed_) {
      fixed_ = strain_->only = im.shape();
      co_await place_leading_blanks(im.shape());
    }
    co_await copy_in(std::move(im));
  }
  task<> copy_in(image im) {
    const shape s = im.blank() && options_.shapes == shapes::same ? *fixed_ : im.shape();
    if (options_.shapes == shapes::grouped && im.pixels().data() != nullptr && capacity_for(s) == 1) {
      give_alone(std::move(im));
      co_return;
    }
    slot_grant to = co_await place(s, im.info());
    if (to.failure) {
      give(item<image_batch>(im.info(), std::move(to.failure)));
      co_return;
    }
    if (im.pixels().data() != nullptr) {
      std::memcpy(to.data, im.pixels().data(), s.bytes());
      ++services_.copies;
    } else {
      std::memset(to.data, 0, s.bytes());
    }
    take_placed(image(im.info(), s, to.data, std::move(to.slot), im.warning(), im.blank()));
  }
  /// An image that leaves no room for a second one beside it is a batch, as it is.
  void give_alone(image im) {
    hold_by_user(im.memory());
    std::byte* const data = im.pixels().data();
    owner memory = std::move(im.memory());
    std::vector<image> one;
    one.push_back(std::move(im));
    give_batch(image_batch(std::move(one), data, std::move(memory), std::chrono::nanoseconds(0)));
  }
  /// Blanks that come before the first good image take its shape; a whole batch of them takes that of the first.
  task<> hold_leading_blank(image im) {
    leading_.push_back(std::move(im));
    if (leading_.size() == size_) {
      co_await place_blank_batch();
    }
  }
  task<> place_blank_batch() {
    fixed_ = leading_.front().shape();
    co_await place_leading_blanks(*fixed_);
    if (auto rest = assembly_.close_oldest(services_.loop.now()); rest && !options_.drop_remainder) {
      give_batch(std::move(*rest));
    }
    fixed_.reset();
  }
  task<> place_leading_blanks(shape s) {
    std::vector<image> blanks;
    blanks.swap(leading_);
    for (image& b : blanks) {
      co_await copy_in(image(b.info(), s, nullptr, owner(), {}, true));
    }
  }

  // --- giving on

  void give_batch(image_batch b) {
    item_info info = b[0].info();
    give(item<image_batch>(std::move(info), std::move(b)));
  }
  void give(item<image_batch> i) {
    ready_.push_back(std::move(i));
    for_ready_.wake_all();
  }
  task<> finish() {
    if (!leading_.empty() && !options_.drop_remainder) {
      co_await place_blank_batch();
    }
    if (!loose_.empty() && !options_.drop_remainder) {
      give_loose();
    }
    const std::uint64_t before = assembly_.copies();
    while (auto rest = assembly_.close_oldest(services_.loop.now(), options_.drop_remainder)) {
      give_batch(std::move(*rest));
    }
    services_.copies += assembly_.copies() - before;
    ended_ = true;
    for_ready_.wake_all();
  }

  /// The place() of the next image waits for memory.
  void waiting(bool for_memory) noexcept {
    if (copying_) {
      starving_ = for_memory;
      if (for_memory) {
        close_early();
      }
    } else {
      strain_->waiting_for_memory = for_memory;
      strain_->changed();
    }
  }
  void look_later() noexcept { // an image may be on its way from the last window to the pump
    if (!runnable::queued()) {
      services_.loop.post(*this);
    }
  }
  void run() noexcept override { close_early(); }
  /// If nothing can go on but by the consumer's giving memory back, and it waits for a batch: give it what is there. The oldest
  /// batch in the making, though it isn't full.
  void close_early() noexcept {
    const bool stuck = starving_ || (!busy_ && strain_->stuck());
    if (!stuck || !consumer_waits_ || !ready_.empty()) {
      return;
    }
    try {
      if (!loose_.empty()) {
        give_loose();
      } else if (options_.shapes == shapes::grouped) {
        ready_.reserve(ready_.size() + 1);
        if (auto oldest = assembly_.close_oldest(services_.loop.now())) {
          give_batch(std::move(*oldest));
        }
      }
    } catch (...) { // no memory for the list of images: the batch stays open, and the wait goes on until some is released
    }
  }
  services& services_;
  const std::size_t size_;
  const batch_options options_;
  const std::shared_ptr<pressure> strain_ = std::make_shared<pressure>();
  assembly assembly_;
  stream_ptr<image> up_;

  std::vector<item<image_batch>> ready_; // seldom more than one
  std::vector<image> loose_;             // ragged: the batch in the making
  time_point loose_first_{};
  std::vector<image> leading_; // blanks before the first good image
  std::optional<shape> fixed_; // of the images that were decoded: see shapes::same
  std::optional<shape> last_placed_;
  bool several_shapes_ = false; // have been placed
  bool candidate_ = false;      // an image is on its way, and none has been decoded yet
  shape_group* abandoned_ = nullptr;

  memory::lease spare_;
  bool out_of_memory_ = false;
  bool copying_ = false;  // images come in blocks of their own
  bool starving_ = false; // the pump itself waits for memory
  bool busy_ = false;     // the pump has an image in hand
  bool consumer_waits_ = false;
  bool ended_ = false;
  wait_queue for_ready_; // the consumer
  wait_queue for_room_;  // the pump, until the consumer has taken a batch
  wait_queue changed_;   // place()
};

} // namespace weir::detail
