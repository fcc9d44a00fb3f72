#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include <weir/channel.hpp>
#include <weir/pipeline.hpp>

namespace weir {

namespace detail {

template<class T> class prefetch_stream final : public stream_base<T> {
public:
  prefetch_stream(stream_ptr<T> up, std::size_t n, std::shared_ptr<pressure> strain)
      : up_(std::move(up)), strain_(std::move(strain)), ready_(n) {}
  task<std::optional<item<T>>> next() override { co_return take(co_await ready_.receive()); }
  task<> pump() {
    while (auto i = co_await up_->next()) {
      on_its_way<T> c(strain_.get(), std::move(*i));
      (void)co_await ready_.send(std::move(c));
    }
    ready_.close();
  }

private:
  stream_ptr<T> up_;
  std::shared_ptr<pressure> strain_;
  channel<on_its_way<T>> ready_;
};

template<class T> class prefetch_node final : public node<T> {
public:
  prefetch_node(node_ptr<T> up, std::size_t n) : up_(std::move(up)), n_(n) {}
  stream_ptr<T> connect(connection& c) override {
    c.not_direct();
    std::shared_ptr<pressure> strain = c.strain;
    auto s = std::make_unique<prefetch_stream<T>>(up_->connect(c), n_, std::move(strain));
    c.producers.spawn(s->pump());
    return s;
  }

private:
  node_ptr<T> up_;
  std::size_t n_;
};

class prefetch_stage : public stage_base {
public:
  explicit prefetch_stage(std::size_t n) noexcept : n_(n) {}
  template<class T> pipeline<T> operator()(pipeline<T>&& p) const {
    return pipeline<T>(std::make_unique<prefetch_node<T>>(p.take_node(), n_));
  }

private:
  std::size_t n_;
};

} // namespace detail

/// Keeps up to `n` (at least 1) items ready for the consumer, so that it works on one while the next are made.
[[nodiscard]] inline detail::prefetch_stage prefetch(std::size_t n) {
  if (n == 0) {
    detail::throw_misuse("weir: prefetch needs room for at least one item");
  }
  return detail::prefetch_stage(n);
}

} // namespace weir
