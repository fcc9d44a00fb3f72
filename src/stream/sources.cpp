#include <weir/sources.hpp>

#include "services.hpp"

namespace weir {

namespace detail {

namespace {

using path_list = std::shared_ptr<const std::vector<std::string>>;

class file_stream final : public stream_base<path> {
public:
  explicit file_stream(path_list paths) noexcept : paths_(std::move(paths)) {}
  task<std::optional<item<path>>> next() override {
    if (index_ == paths_->size()) {
      co_return std::optional<item<path>>();
    }
    if (yields_before(index_)) {
      co_await yield();
    }
    item_info info;
    info.index = index_;
    info.from = origin(paths_, (*paths_)[index_]);
    ++index_;
    path p{info.from};
    item<path> i(std::move(info), std::move(p));
    co_return std::optional<item<path>>(std::move(i));
  }

private:
  path_list paths_;
  std::size_t index_ = 0;
};

class file_node final : public node<path> {
public:
  explicit file_node(path_list paths) noexcept : paths_(std::move(paths)) {}
  stream_ptr<path> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<file_stream>(paths_);
  }

private:
  path_list paths_;
};

class buffer_stream final : public stream_base<encoded> {
public:
  explicit buffer_stream(channel<buffer>& requests) noexcept : requests_(requests) {}
  task<std::optional<item<encoded>>> next() override {
    std::optional<buffer> b = co_await requests_.receive();
    if (!b) {
      co_return std::optional<item<encoded>>();
    }
    item_info info;
    info.index = index_++;
    if (!b->name.empty()) {
      info.from = origin(std::move(b->name));
    }
    info.tag = b->tag;
    info.file_bytes = b->bytes.size();
    item<encoded> i(std::move(info), std::move(b->bytes));
    co_return std::optional<item<encoded>>(std::move(i));
  }

private:
  channel<buffer>& requests_;
  std::uint64_t index_ = 0;
};

class buffer_node final : public node<encoded> {
public:
  explicit buffer_node(channel<buffer>& requests) noexcept : requests_(requests) {}
  stream_ptr<encoded> connect(connection& c) override {
    c.not_direct();
    return std::make_unique<buffer_stream>(requests_);
  }

private:
  channel<buffer>& requests_;
};

} // namespace

services& services_awaiter::await_resume() const {
  if (services_ == nullptr) {
    throw_misuse("weir: this needs a runtime: run it with runtime::run or runtime::start");
  }
  return *services_;
}

} // namespace detail

pipeline<path> files(std::shared_ptr<const std::vector<std::string>> paths) {
  return pipeline<path>(std::make_unique<detail::file_node>(std::move(paths)));
}

pipeline<path> files(std::vector<std::string> paths) {
  return files(std::make_shared<const std::vector<std::string>>(std::move(paths)));
}

pipeline<encoded> buffers(channel<buffer>& requests) {
  return pipeline<encoded>(std::make_unique<detail::buffer_node>(requests));
}

} // namespace weir
