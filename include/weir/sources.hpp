#pragma once

#include <concepts>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/channel.hpp>
#include <weir/encoded.hpp>
#include <weir/pipeline.hpp>
#include <weir/sleep.hpp>

namespace weir {

/// A file to be read.
struct path {
  origin name; ///< its text is zero-terminated
};

/// Paths, in the order given. Indices are their positions. Nothing is opened here: `read()` does that.
[[nodiscard]] pipeline<path> files(std::vector<std::string> paths);
[[nodiscard]] pipeline<path> files(std::shared_ptr<const std::vector<std::string>> paths);

namespace detail {

template<class R> class range_node final : public node<std::ranges::range_value_t<R>> {
  using value = std::ranges::range_value_t<R>;
  class range_stream final : public stream_base<value> {
  public:
    explicit range_stream(R& r) : at_(std::ranges::begin(r)), end_(std::ranges::end(r)) {}
    task<std::optional<item<value>>> next() override {
      if (at_ == end_) {
        co_return std::optional<item<value>>();
      }
      if (yields_before(index_)) {
        co_await yield();
      }
      item_info info;
      info.index = index_++;
      item<value> i(std::move(info), value(*at_));
      ++at_;
      co_return std::optional<item<value>>(std::move(i));
    }

  private:
    std::ranges::iterator_t<R> at_;
    std::ranges::sentinel_t<R> end_;
    std::uint64_t index_ = 0;
  };

public:
  explicit range_node(R r) : range_(std::move(r)) {}
  stream_ptr<value> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<range_stream>(range_);
  }

private:
  R range_;
};

} // namespace detail

/// The values of a range, copied out one by one; the range is kept by value. `repeat` goes over it again.
template<std::ranges::input_range R> [[nodiscard]] auto range(R r) {
  using value = std::ranges::range_value_t<R>;
  return pipeline<value>(std::make_unique<detail::range_node<R>>(std::move(r)));
}

/// Request bodies from a channel, until it is closed and empty. `requests` outlives the pipeline's run. What is still in the
/// channel when the pipeline stops stays there.
[[nodiscard]] pipeline<encoded> buffers(channel<buffer>& requests);

} // namespace weir
