#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "image_lists.hpp"
#include "operations.hpp"
#include "placement.hpp"
#include "services.hpp"
#include <weir/batched.hpp>

namespace weir::detail {

/// The pump takes images in and builds batches; the consumer takes them. Batches of one block are built by a placement; ragged
/// ones here.
class batch_stream final : public stream_base<image_batch>, runnable {
public:
  batch_stream(services& s, std::size_t size, batch_options o)
      : services_(s), size_(size), options_(o),
        places_(
            s, size, o, *strain_, *lists_, [](void* b) noexcept { static_cast<batch_stream*>(b)->close_early(); }, this) {}
  ~batch_stream() override {
    up_.reset(); // what is still in there gives its cells back to the placement
    services_.loop.unpost(*this);
  }

  void connect(node<image>& up, connection& c) {
    c.one_shape = options_.shapes == shapes::same;
    c.copied = options_.shapes != shapes::ragged;
    c.slots = c.copied ? &places_ : nullptr;
    c.loose = c.copied ? 0 : size_;
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
      const consumer_wait waits(*this);
      close_early();
      if (ready_.empty()) {
        wait_for w(for_ready_, "batch");
        co_await w;
      }
    }
    item<image_batch> i(std::move(ready_.front()));
    ready_.erase(ready_.begin());
    for_room_.wake_all();
    co_return std::optional<item<image_batch>>(std::move(i));
  }

private:
  /// The consumer waits, until it has a batch or is stopped.
  class consumer_wait {
  public:
    explicit consumer_wait(batch_stream& s) noexcept : stream_(s) { s.consumer_waits_ = true; }
    consumer_wait(const consumer_wait&) = delete;
    consumer_wait& operator=(const consumer_wait&) = delete;
    ~consumer_wait() { stream_.consumer_waits_ = false; }

  private:
    batch_stream& stream_;
  };

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
      } else if (placement::is_placed(i->value())) {
        take_placed(std::move(i->value()));
      } else {
        const in_hand held(strain_.get(), i->value().pixels().data() != nullptr ? i->value().shape().bytes() : 0);
        co_await take_copied(std::move(i->value()));
      }
    }
    co_await finish();
  }

  void take_placed(image im) {
    if (auto batch = places_.arrived(std::move(im))) {
      give_batch(std::move(*batch));
    }
  }

  // --- ragged

  void take_ragged(image im) {
    if (!loose_) {
      loose_ = lists_->get(size_);
      loose_first_ = services_.loop.now();
    }
    hold_by_user(im.memory());
    loose_.push_back(std::move(im));
    if (loose_.size() == size_) {
      give_loose();
    }
  }
  void give_loose() {
    ready_.reserve(ready_.size() + 1); // nothing has moved yet if there is no memory
    give_batch(image_batch(std::move(loose_), nullptr, owner(), services_.loop.now() - loose_first_));
  }

  // --- images that come in blocks of their own, or, as blanks, in none

  task<> take_copied(image im) {
    places_.copying();
    if (options_.shapes == shapes::same && !places_.fixed() && im.blank()) {
      co_await hold_leading_blank(std::move(im));
      co_return;
    }
    if (options_.shapes == shapes::same && !places_.fixed()) {
      strain_->only = im.shape();
      places_.fix(im.shape());
      co_await place_leading_blanks(im.shape());
    }
    co_await copy_in(std::move(im));
  }
  task<> copy_in(image im) {
    const shape s = im.blank() && options_.shapes == shapes::same ? *places_.fixed() : im.shape();
    if (options_.shapes == shapes::grouped && im.pixels().data() != nullptr && places_.capacity_for(s) == 1) {
      give_alone(std::move(im));
      co_return;
    }
    slot_grant to = co_await places_.place(s, im.info());
    if (to.failure) {
      give(item<image_batch>(im.info(), std::move(to.failure)));
      co_return;
    }
    if (!im.blank()) {
      std::memcpy(to.data, im.pixels().data(), s.bytes());
      ++services_.copies;
    } else {
      std::memset(to.data, 0, s.bytes()); // one that has pixels of its own has those of another shape
    }
    take_placed(image(im.info(), s, to.data, std::move(to.slot), im.warning(), im.blank()));
  }
  /// An image that leaves no room for a second one beside it is a batch, as it is.
  void give_alone(image im) {
    image_list one = lists_->get(1);
    hold_by_user(im.memory());
    std::byte* const data = im.pixels().data();
    owner memory = std::move(im.memory());
    one.push_back(std::move(im));
    give_batch(image_batch(std::move(one), data, std::move(memory), std::chrono::nanoseconds(0)));
  }
  /// Blanks that come before the first good image take its shape; a whole batch of them takes that of the first. They wait
  /// without their pixels: the block for the batch might wait for their memory.
  task<> hold_leading_blank(image im) {
    leading_.emplace_back(im.info(), im.shape(), nullptr, owner(), std::string(), true);
    im.memory() = owner(); // this frame outlives the wait below
    if (leading_.size() == size_) {
      co_await place_blank_batch();
    }
  }
  task<> place_blank_batch() {
    places_.fix(leading_.front().shape());
    co_await place_leading_blanks(*places_.fixed());
    if (auto rest = places_.close_oldest(); rest && !options_.drop_remainder) {
      give_batch(std::move(*rest));
    }
    places_.fix(std::nullopt);
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
    if (loose_ && !options_.drop_remainder) {
      give_loose();
    }
    while (auto rest = places_.close_oldest(options_.drop_remainder)) {
      give_batch(std::move(*rest));
    }
    ended_ = true;
    for_ready_.wake_all();
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
    const bool stuck = places_.starving() || (!busy_ && strain_->stuck());
    if (!stuck || !consumer_waits_ || !ready_.empty()) {
      return;
    }
    try {
      if (loose_) {
        give_loose();
      } else if (options_.shapes == shapes::grouped) {
        ready_.reserve(ready_.size() + 1);
        if (auto oldest = places_.close_oldest()) {
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
  const image_lists::handle lists_ = image_lists::create();
  placement places_;
  stream_ptr<image> up_;

  std::vector<item<image_batch>> ready_; // seldom more than one
  image_list loose_;                     // ragged: the batch in the making
  time_point loose_first_{};
  std::vector<image> leading_; // blanks before the first good image

  bool busy_ = false; // the pump has an image in hand
  bool consumer_waits_ = false;
  bool ended_ = false;
  wait_queue for_ready_; // the consumer
  wait_queue for_room_;  // the pump, until the consumer has taken a batch
};

} // namespace weir::detail
