#include <weir/on_error.hpp>

#include "errors.hpp"

namespace weir::detail {

namespace {

/// Replaces failed images by blanks: images without pixels, which the batch below fills with zeros.
class blank_stream final : public stream_base<image> {
public:
  blank_stream(stream_ptr<image> up, const skip_bad& limits, error_observer o, bool one_shape)
      : up_(std::move(up)), counter_(limits), observer_(std::move(o)), one_shape_(one_shape) {}

  task<std::optional<item<image>>> next() override {
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
      co_return std::move(i);
    }
    if (observer_) {
      observer_(i->info, failure);
    }
    if (counter_.bad()) {
      std::rethrow_exception(failure);
    }
    item<image> blank(i->info, image(i->info, blank_shape(i->info), nullptr, owner(), {}, true));
    co_return std::optional<item<image>>(std::move(blank));
  }

private:
  [[nodiscard]] shape blank_shape(const item_info& info) const noexcept {
    return good_ ? *good_ : info.expected;
  }
  stream_ptr<image> up_;
  bad_item_counter counter_;
  error_observer observer_;
  bool one_shape_;
  std::optional<shape> good_; // of the last good one
};

class blank_node final : public node<image> {
public:
  blank_node(node_ptr<image> up, const skip_bad& limits, error_observer o)
      : up_(std::move(up)), limits_(limits), observer_(std::move(o)) {}
  stream_ptr<image> connect(connection& c) override {
    c.slots = nullptr; // which shape a blank gets, and so which batch, is known only when those before it are decoded
    const bool one_shape = std::exchange(c.one_shape, false);
    return std::make_unique<blank_stream>(up_->connect(c), limits_, observer_, one_shape);
  }

private:
  node_ptr<image> up_;
  skip_bad limits_;
  error_observer observer_;
};

} // namespace

pipeline<image> on_error_stage::operator()(pipeline<image>&& p) {
  if (policy_.what == bad_item::blank) {
    return pipeline<image>(std::make_unique<blank_node>(p.take_node(), policy_.limits, std::move(observer_)));
  }
  return pipeline<image>(std::make_unique<on_error_node<image>>(p.take_node(), policy_, std::move(observer_)));
}

} // namespace weir::detail
