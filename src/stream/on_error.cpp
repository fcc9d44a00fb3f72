#include <weir/on_error.hpp>

#include <cstring>

#include "errors.hpp"
#include "operations.hpp"
#include <weir/batched.hpp>

namespace weir::detail {

namespace {

/// Replaces failed images by blanks. Their pixels have a block of their own, but where a batch of one shape follows: that makes
/// them. Liveness: the decode sees to it that there is always room for a blank beside what comes after it.
class blank_stream final : public stream_base<image> {
public:
  blank_stream(services& s, stream_ptr<image> up, const skip_bad& limits, error_observer o, bool one_shape,
               std::shared_ptr<pressure> strain)
      : services_(s), up_(std::move(up)), counter_(limits), observer_(std::move(o)), one_shape_(one_shape),
        strain_(std::move(strain)) {}

  task<std::optional<item<image>>> next() override {
    if (!blank_) {
      std::optional<item<image>> i = co_await good_one();
      if (!blank_) {
        co_return std::move(i);
      }
    }
    if (strain_) {
      try {
        image black = co_await with_pixels(*blank_);
        blank_.emplace(std::move(black));
      } catch (...) {
        (void)take_blank();
        throw;
      }
    }
    image black = take_blank();
    item_info info = black.info();
    item<image> blank(std::move(info), std::move(black));
    co_return std::optional<item<image>>(std::move(blank));
  }

private:
  /// The next item, if it is good, or nullopt at the end, or in the place of one that failed, which `blank_` is then.
  task<std::optional<item<image>>> good_one() {
    std::optional<item<image>> i = co_await up_->next();
    if (!i) {
      co_return std::move(i);
    }
    std::exception_ptr failure = i->failure();
    if (!failure && one_shape_ && good_ && i->value().shape() != *good_) {
      failure = shape_mismatch(i->info, *good_, i->value().shape());
    }
    if (!failure) {
      counter_.good();
      good_ = i->value().shape();
      if (strain_) {
        strain_->last_good = charge(good_->bytes());
      }
      co_return std::move(i);
    }
    if (observer_) {
      observer_(i->info, failure);
    }
    if (counter_.bad()) {
      std::rethrow_exception(failure);
    }
    const shape s = good_ ? *good_ : i->info.expected;
    blank_.emplace(i->info, s, nullptr, owner(), std::string(), true);
    held_ = in_hand(strain_.get(), s.bytes());
    co_return std::optional<item<image>>();
  }
  image take_blank() noexcept {
    image black(std::move(*blank_));
    blank_.reset();
    held_ = in_hand();
    return black;
  }
  task<image> with_pixels(const image& im) {
    const std::uint64_t bytes = im.shape().bytes();
    memory::lease l;
    if (services_.pixels.try_acquire(bytes, l) != memory::acquisition::granted) {
      const blank_wait waits(*strain_);
      l = co_await grant_operation(services_.pixels, bytes);
    }
    if (!l) {
      throw budget_error(bytes, services_.pixels.budget());
    }
    std::memset(l.data(), 0, bytes);
    std::byte* const data = l.data();
    co_return image(im.info(), im.shape(), data, own(std::move(l)), {}, true);
  }
  /// Says that a blank waits for memory, for as long as it does.
  class blank_wait {
  public:
    explicit blank_wait(pressure& p) noexcept : pressure_(p) {
      p.blank_waits = true;
      p.changed();
    }
    blank_wait(const blank_wait&) = delete;
    blank_wait& operator=(const blank_wait&) = delete;
    ~blank_wait() { pressure_.blank_waits = false; }

  private:
    pressure& pressure_;
  };

  services& services_;
  stream_ptr<image> up_;
  bad_item_counter counter_;
  error_observer observer_;
  bool one_shape_;
  std::shared_ptr<pressure> strain_; // null: the batch below makes the pixels
  std::optional<shape> good_;        // of the last good one
  std::optional<image> blank_;       // given on next; has no pixels yet while its next() waits, or was stopped there
  in_hand held_;                     // counts it
};

class blank_node final : public node<image> {
public:
  blank_node(node_ptr<image> up, const skip_bad& limits, error_observer o)
      : up_(std::move(up)), limits_(limits), observer_(std::move(o)) {}
  stream_ptr<image> connect(connection& c) override {
    const bool filled_below = c.fills_blanks;
    c.not_direct(); // which shape a blank gets, and so which batch, is known only when those before it are decoded
    const bool one_shape = std::exchange(c.one_shape, false);
    std::shared_ptr<pressure> strain;
    if (!filled_below) {
      c.blanks = true;
      if (!c.strain) {
        c.strain = std::make_shared<pressure>();
      }
      strain = c.strain;
    }
    return std::make_unique<blank_stream>(c.runtime, up_->connect(c), limits_, observer_, one_shape, std::move(strain));
  }

private:
  node_ptr<image> up_;
  skip_bad limits_;
  error_observer observer_;
};

} // namespace

pipeline<image> on_error_stage::operator()(pipeline<image>&& p) && {
  if (policy_.what == bad_item::blank) {
    return pipeline<image>(std::make_unique<blank_node>(p.take_node(), policy_.limits, std::move(observer_)));
  }
  return pipeline<image>(std::make_unique<on_error_node<image>>(p.take_node(), policy_, std::move(observer_)));
}

} // namespace weir::detail
