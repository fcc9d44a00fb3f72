#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/async_generator.hpp>
#include <weir/channel.hpp>
#include <weir/image.hpp>
#include <weir/pipeline.hpp>

namespace weir {

namespace detail {
/// Where a stage's failed items go past it.
class failure_sink {
public:
  virtual task<> pass(item_info info, std::exception_ptr failure) = 0;
  std::shared_ptr<pressure> strain;
  item_info last; ///< of the item that was taken last
  in_hand held;   ///< counts it, until the next one is asked for

protected:
  ~failure_sink() = default;
};
} // namespace detail

/// What a generator that is used as a stage reads from: a stream. Failed items go past it, to the next `on_error`. One `next()`
/// at a time, as of weir::stream.
template<class T> class stage_input {
public:
  using value_type = T;
  stage_input(detail::stream_base<T>& up, detail::failure_sink& past) noexcept : up_(&up), past_(&past) {}

  task<std::optional<T>> next() {
    const detail::one_at_a_time turn(awaited_);
    while (!ended_) {
      if (failed_) {
        co_await past_->pass(failed_->info, failed_->failure());
        failed_.reset();
      }
      past_->held = detail::in_hand();
      std::optional<item<T>> i = co_await up_->next();
      if (!i) {
        ended_ = true;
        break;
      }
      past_->held = detail::in_hand(past_->strain.get(), *i);
      if (!i->failed()) {
        past_->last = i->info;
        detail::give_to_user(i->value());
        co_return std::optional<T>(std::move(i->value()));
      }
      failed_.emplace(std::move(*i));
    }
    co_return std::optional<T>();
  }
  detail::ready_awaiter close() noexcept {
    ended_ = true;
    return {};
  }

private:
  detail::stream_base<T>* up_;
  detail::failure_sink* past_;
  std::optional<item<T>> failed_; // goes past before the next one is asked for, though a next() was stopped meanwhile
  bool ended_ = false;
  bool awaited_ = false;
};

namespace detail {

template<class T, class U, class F> class through_stream final : public stream_base<U>, failure_sink {
public:
  through_stream(stream_ptr<T> up, F f, std::shared_ptr<pressure> s) : up_(std::move(up)), f_(std::move(f)) {
    strain = std::move(s);
  }
  task<std::optional<item<U>>> next() override { co_return take(co_await out_.receive()); }
  task<> pump() {
    async_generator<U> g = std::invoke(f_, stage_input<T>(*up_, *this));
    while (auto value = co_await g.next()) {
      item_info info = last;
      if constexpr (std::is_same_v<U, image>) {
        info = value->info();
      }
      on_its_way<U> result(strain.get(), item<U>(std::move(info), std::move(*value)));
      (void)co_await out_.send(std::move(result));
    }
    held = in_hand();
    out_.close();
  }

private:
  task<> pass(item_info info, std::exception_ptr failure) override {
    on_its_way<U> failed(strain.get(), std::move(info), std::move(failure));
    (void)co_await out_.send(std::move(failed));
  }
  stream_ptr<T> up_;
  F f_;
  channel<on_its_way<U>> out_{1};
};

template<class T, class U, class F> class through_node final : public node<U> {
public:
  through_node(node_ptr<T> up, F f) : up_(std::move(up)), f_(std::move(f)) {}
  stream_ptr<U> connect(connection& c) override {
    c.not_direct();
    std::shared_ptr<pressure> strain = c.strain;
    auto s = std::make_unique<through_stream<T, U, F>>(up_->connect(c), f_, std::move(strain));
    c.producers.spawn(s->pump());
    return s;
  }

private:
  node_ptr<T> up_;
  F f_;
};

template<class F> class through_stage : public stage_base {
public:
  explicit through_stage(F f) : f_(std::move(f)) {}
  template<class T> auto operator()(pipeline<T>&& p) && {
    using U = typename std::invoke_result_t<F&, stage_input<T>>::value_type;
    return pipeline<U>(std::make_unique<through_node<T, U, F>>(p.take_node(), std::move(f_)));
  }

private:
  F f_;
};

} // namespace detail

/// A stage of one's own: `make` is called with the stream of what comes (it has `next()` and `close()`) and gives an
/// async_generator.
///
///     images | weir::through([](auto in) { return larger_than(std::move(in), 64); })
///
/// Images that the generator keeps while it asks for more take of the budget what the stages around it count on: then the
/// budget has to have room for them besides. The generator runs one value ahead of its consumer, as a child of the pipeline.
/// What it throws fails the pipeline. Failed items go past it.
template<class F> auto through(F make) { return detail::through_stage<F>(std::move(make)); }

} // namespace weir
