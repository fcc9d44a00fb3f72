#include <weir/batched.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "batch_stream.hpp"

namespace weir {

budget_error::budget_error(std::uint64_t needed, std::uint64_t budget)
    : std::runtime_error("a batch needs " + std::to_string(needed) + " bytes, and the budget is " + std::to_string(budget) +
                         " bytes"),
      needed_(needed), budget_(budget) {}

namespace detail {

namespace {

class batch_node final : public node<image_batch> {
public:
  batch_node(node_ptr<image> up, std::size_t size, batch_options o) : up_(std::move(up)), size_(size), options_(o) {}
  stream_ptr<image_batch> connect(connection& c) override {
    auto s = std::make_unique<batch_stream>(c.runtime, size_, options_);
    s->connect(*up_, c);
    return s;
  }

private:
  node_ptr<image> up_;
  std::size_t size_;
  batch_options options_;
};

} // namespace

batch_stage::batch_stage(std::size_t size, batch_options o) : size_(size), options_(o) {
  if (size == 0) {
    throw std::invalid_argument("weir: a batch has at least one image");
  }
}

pipeline<image_batch> batch_stage::operator()(pipeline<image>&& p) const {
  return pipeline<image_batch>(std::make_unique<batch_node>(p.take_node(), size_, options_));
}

} // namespace detail
} // namespace weir
