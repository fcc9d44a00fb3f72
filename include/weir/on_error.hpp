#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

#include <weir/image.hpp>
#include <weir/pipeline.hpp>

namespace weir {

/// The pipeline fails with the first failed item: what happens where no `on_error` stands, too.
struct fail_on_bad {};

/// Failed items are left out, up to a limit: past it the pipeline fails with that item's failure.
struct skip_bad {
  std::uint64_t max_count = ~std::uint64_t{0}; ///< at most so many
  double max_rate = 1.0;                       ///< at most this part of the items so far, from the `rate_after`-th on
  std::uint64_t rate_after = 100;
};

/// A failed image is replaced by a black one of the shape of the last good one (before that, of its own header's shape, or 1 ×
/// 1), marked in the batch's mask; limits as in skip_bad.
struct blank_bad {
  std::uint64_t max_count = ~std::uint64_t{0};
  double max_rate = 1.0;
  std::uint64_t rate_after = 100;
};

/// Told of each failed item as it passes, on the loop thread. The failure is mostly a weir::error.
using error_observer = std::function<void(const item_info&, const std::exception_ptr&)>;

namespace detail {

enum class bad_item : unsigned char { fail, skip, blank };

struct bad_item_policy {
  bad_item what = bad_item::fail;
  skip_bad limits{};
};

class on_error_stage : public stage_base {
public:
  on_error_stage(bad_item_policy p, error_observer o) : policy_(p), observer_(std::move(o)) {}
  pipeline<image> operator()(pipeline<image>&& p) &&;
  template<class T> pipeline<T> operator()(pipeline<T>&& p) &&;

private:
  bad_item_policy policy_;
  error_observer observer_;
};

/// Counts failed items against the limits.
class bad_item_counter {
public:
  explicit bad_item_counter(const skip_bad& limits) noexcept : limits_(limits) {}
  void good() noexcept { ++items_; }
  /// True if this one is past the limit.
  bool bad() noexcept {
    ++items_;
    ++bad_;
    return bad_ > limits_.max_count ||
           (items_ >= limits_.rate_after && static_cast<double>(bad_) > limits_.max_rate * static_cast<double>(items_));
  }

private:
  skip_bad limits_;
  std::uint64_t items_ = 0;
  std::uint64_t bad_ = 0;
};

template<class T> class on_error_stream final : public stream_base<T> {
public:
  on_error_stream(stream_ptr<T> up, bad_item_policy p, error_observer o)
      : up_(std::move(up)), policy_(p), counter_(p.limits), observer_(std::move(o)) {}
  task<std::optional<item<T>>> next() override {
    while (auto i = co_await up_->next()) {
      if (!i->failed()) {
        counter_.good();
        co_return std::move(i);
      }
      if (observer_) {
        observer_(i->info, i->failure());
      }
      if (counter_.bad() || policy_.what == bad_item::fail) {
        std::rethrow_exception(i->failure());
      }
    }
    co_return std::optional<item<T>>();
  }

private:
  stream_ptr<T> up_;
  bad_item_policy policy_;
  bad_item_counter counter_;
  error_observer observer_;
};

template<class T> class on_error_node final : public node<T> {
public:
  on_error_node(node_ptr<T> up, bad_item_policy p, error_observer o)
      : up_(std::move(up)), policy_(p), observer_(std::move(o)) {}
  stream_ptr<T> connect(connection& c) override {
    return std::make_unique<on_error_stream<T>>(up_->connect(c), policy_, observer_);
  }

private:
  node_ptr<T> up_;
  bad_item_policy policy_;
  error_observer observer_;
};

template<class T> pipeline<T> on_error_stage::operator()(pipeline<T>&& p) && {
  if (policy_.what == bad_item::blank) {
    throw_misuse("weir: only images can be replaced by blanks");
  }
  return pipeline<T>(std::make_unique<on_error_node<T>>(p.take_node(), policy_, std::move(observer_)));
}

} // namespace detail

/// What becomes of the items that failed in the stages before. Stands where they should be dealt with: before `batched`, a bad
/// item costs itself and not its batch.
[[nodiscard]] inline detail::on_error_stage on_error(fail_on_bad, error_observer o = {}) {
  return detail::on_error_stage(detail::bad_item_policy{detail::bad_item::fail, {}}, std::move(o));
}
[[nodiscard]] inline detail::on_error_stage on_error(skip_bad limits, error_observer o = {}) {
  return detail::on_error_stage(detail::bad_item_policy{detail::bad_item::skip, limits}, std::move(o));
}
[[nodiscard]] inline detail::on_error_stage on_error(blank_bad limits, error_observer o = {}) {
  return detail::on_error_stage(
      detail::bad_item_policy{detail::bad_item::blank, skip_bad{limits.max_count, limits.max_rate, limits.rate_after}},
      std::move(o));
}

} // namespace weir
