#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <weir/pipeline.hpp>

namespace weir {

namespace detail {

template<class T> class take_stream final : public stream_base<T> {
public:
  take_stream(stream_ptr<T> up, std::uint64_t n) noexcept : up_(std::move(up)), left_(n) {}
  task<std::optional<item<T>>> next() override {
    if (left_ == 0) {
      co_return std::optional<item<T>>();
    }
    std::optional<item<T>> i = co_await up_->next();
    --left_; // not before: a next() that is stopped has taken none
    co_return std::move(i);
  }

private:
  stream_ptr<T> up_;
  std::uint64_t left_;
};

template<class T> class skip_stream final : public stream_base<T> {
public:
  skip_stream(stream_ptr<T> up, std::uint64_t n) noexcept : up_(std::move(up)), left_(n) {}
  task<std::optional<item<T>>> next() override {
    while (left_ != 0) {
      std::optional<item<T>> passed = co_await up_->next();
      if (!passed) {
        co_return std::move(passed);
      }
      --left_;
    }
    co_return co_await up_->next();
  }

private:
  stream_ptr<T> up_;
  std::uint64_t left_;
};

/// Moves an item's index on, and those of the images in it. Gives the highest.
template<class T> std::uint64_t advance_index(item<T>& i, std::uint64_t by) noexcept {
  i.info.index += by;
  std::uint64_t highest = i.info.index;
  if constexpr (requires(T & v) { v.advance_index(by); }) {
    if (!i.failed()) {
      highest = std::max(highest, i.value().advance_index(by));
    }
  }
  return highest;
}

/// Each pass is a connection of its own to what is above, under a scope of its own, which ends with the pass.
template<class T> class repeat_stream final : public stream_base<T> {
public:
  repeat_stream(const connection& c, node<T>& up, std::uint64_t passes) : outer_(c), up_(up), passes_(passes) {}
  task<std::optional<item<T>>> next() override {
    for (;;) {
      if (!current_) {
        if (passes_ != 0 && pass_ == passes_) {
          co_return std::optional<item<T>>();
        }
        current_ = std::make_unique<running_pipeline<T>>();
        outer_.producers.spawn(run_producers<T>(outer_.runtime, up_, *current_, &outer_));
      }
      if (!current_->closing.is_set()) { // it may be, if a next() was stopped at the end of a pass
        co_await current_->connected.wait();
        std::optional<item<T>> i = co_await current_->end->next();
        if (i) {
          after_ = std::max(after_, advance_index(*i, before_) + 1);
          co_return std::move(i);
        }
        current_->closing.set();
      }
      co_await current_->closed.wait();
      current_.reset();
      ++pass_;
      if (after_ == before_) { // an empty source stays empty
        passes_ = pass_;
      }
      before_ = after_;
    }
  }

private:
  const connection outer_;
  node<T>& up_;
  std::unique_ptr<running_pipeline<T>> current_;
  std::uint64_t passes_;
  std::uint64_t pass_ = 0;
  std::uint64_t before_ = 0; // indices of earlier passes
  std::uint64_t after_ = 0;
};

template<class T> class repeat_node final : public node<T> {
public:
  repeat_node(node_ptr<T> up, std::uint64_t passes) noexcept : up_(std::move(up)), passes_(passes) {}
  stream_ptr<T> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<repeat_stream<T>>(c, *up_, passes_);
  }

private:
  node_ptr<T> up_;
  std::uint64_t passes_;
};

template<class T, class Stream> class counted_node final : public node<T> {
public:
  counted_node(node_ptr<T> up, std::uint64_t n) noexcept : up_(std::move(up)), n_(n) {}
  stream_ptr<T> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<Stream>(up_->connect(c), n_);
  }

private:
  node_ptr<T> up_;
  std::uint64_t n_;
};

enum class counted : unsigned char { take, skip, repeat };

template<counted What> class counted_stage : public stage_base {
public:
  explicit counted_stage(std::uint64_t n) noexcept : n_(n) {}
  template<class T> pipeline<T> operator()(pipeline<T>&& p) const {
    if constexpr (What == counted::take) {
      return pipeline<T>(std::make_unique<counted_node<T, take_stream<T>>>(p.take_node(), n_));
    } else if constexpr (What == counted::skip) {
      return pipeline<T>(std::make_unique<counted_node<T, skip_stream<T>>>(p.take_node(), n_));
    } else {
      return pipeline<T>(std::make_unique<repeat_node<T>>(p.take_node(), n_));
    }
  }

private:
  std::uint64_t n_;
};

} // namespace detail

/// The first `n` items, failed ones included; then it ends, and what is above is stopped with the pipeline.
[[nodiscard]] inline detail::counted_stage<detail::counted::take> take(std::uint64_t n) noexcept {
  return detail::counted_stage<detail::counted::take>(n);
}
/// Leaves out the first `n` items, failed ones included.
[[nodiscard]] inline detail::counted_stage<detail::counted::skip> skip(std::uint64_t n) noexcept {
  return detail::counted_stage<detail::counted::skip>(n);
}
/// Goes over what is above `n` times; 0: until it is stopped. Indices go on. Best right behind the source: further down, each
/// pass drains the stages above before the next begins.
[[nodiscard]] inline detail::counted_stage<detail::counted::repeat> repeat(std::uint64_t n) noexcept {
  return detail::counted_stage<detail::counted::repeat>(n);
}

} // namespace weir
