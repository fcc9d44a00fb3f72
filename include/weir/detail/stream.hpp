#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <weir/detail/waiters.hpp>
#include <weir/item.hpp>
#include <weir/scope.hpp>
#include <weir/task.hpp>

namespace weir::detail {

struct services;   // what a runtime gives its pipelines: src/stream/services.hpp
class slot_source; // where a batch takes its images: src/stream/slots.hpp

/// What the stages from a decode on tell each other about memory. The decode makes it.
class pressure {
public:
  std::size_t in_flight = 0;       ///< items in the windows from the decode on
  std::uint64_t bytes_ahead = 0;   ///< of the images in them that have a block of their own
  bool waiting_for_memory = false; ///< the decode's pump waits for a grant
  wait_queue for_less;             ///< the decode's pump, while `bytes_ahead` is too much

  /// Everything that was granted has been delivered, and the next image waits for memory: only the batch below can help, by
  /// closing early.
  [[nodiscard]] bool stuck() const noexcept { return waiting_for_memory && in_flight == 0; }
  /// `notify(watcher)` is called whenever it may have become stuck.
  void watch(void* watcher, void (*notify)(void*) noexcept) noexcept { watcher_ = watcher, notify_ = notify; }
  void changed() noexcept {
    if (stuck() && watcher_ != nullptr) {
      notify_(watcher_);
    }
  }
  void entered(std::uint64_t bytes) noexcept {
    ++in_flight;
    bytes_ahead += bytes;
  }
  void left(std::uint64_t bytes) noexcept {
    --in_flight;
    bytes_ahead -= bytes;
    for_less.wake_all();
    changed();
  }

private:
  void* watcher_ = nullptr;
  void (*notify_)(void*) noexcept = nullptr;
};

/// What a description is connected to.
struct connection {
  services& runtime;
  scope& producers;                   ///< what runs ahead of its consumer is a child of this
  std::shared_ptr<pressure> strain{}; ///< of the decode below; null where there is none
  slot_source* slots = nullptr;       ///< from a batch to the decode that it follows directly; every other stage takes it out
  bool one_shape = false;             ///< a batch below takes images of one shape only
  bool copied = false;                ///< a batch below will copy each image into a block of its own
};

/// A connected stream. `next` isn't called again before it has ended, nor after it gave nullopt or was stopped.
template<class T> class stream_base {
public:
  stream_base() = default;
  stream_base(const stream_base&) = delete;
  stream_base& operator=(const stream_base&) = delete;
  virtual ~stream_base() = default;
  virtual task<std::optional<item<T>>> next() = 0;
};
template<class T> using stream_ptr = std::unique_ptr<stream_base<T>>;

/// A description of a stream. Connecting it makes the frames; `repeat` connects it again for every pass.
template<class T> class node {
public:
  node() = default;
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  virtual ~node() = default;
  virtual stream_ptr<T> connect(connection& c) = 0;
};
template<class T> using node_ptr = std::unique_ptr<node<T>>;

/// The services of the runtime that the awaiting task runs in. Throws std::logic_error on a loop without one.
class [[nodiscard]] services_awaiter {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    services_ = static_cast<services*>(h.promise().chain_->loop().host());
    return false;
  }
  [[nodiscard]] services& await_resume() const;

private:
  services* services_ = nullptr;
};

/// A consumer wants no more: from here on it is teardown.
void note_end(services& runtime, root_state* root) noexcept;

class [[nodiscard]] root_awaiter {
public:
  static constexpr bool await_ready() noexcept { return false; }
  template<weir_promise P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    root_ = h.promise().chain_->source().root();
    return false;
  }
  [[nodiscard]] root_state* await_resume() const noexcept { return root_; }

private:
  root_state* root_ = nullptr;
};

} // namespace weir::detail
