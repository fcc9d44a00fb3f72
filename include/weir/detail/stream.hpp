#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <weir/detail/owner.hpp>
#include <weir/detail/pressure.hpp>
#include <weir/detail/recycler.hpp>
#include <weir/detail/result.hpp>
#include <weir/item.hpp>
#include <weir/scope.hpp>
#include <weir/task.hpp>

namespace weir::detail {

struct services;   // what a runtime gives its pipelines: src/stream/services.hpp
class slot_source; // where a batch takes its images: src/stream/slots.hpp
class decode_jobs; // what a decode's jobs have: src/stream/decode_jobs.hpp

/// What a description is connected to.
struct connection {
  services& runtime;
  scope& producers;                   ///< what runs ahead of its consumer is a child of this
  std::shared_ptr<pressure> strain{}; ///< between a decode and the batch below it; the stages above the decode don't see it
  slot_source* slots = nullptr;       ///< from a batch to the decode that it follows directly
  std::size_t loose = 0;              ///< from a ragged batch to the decode that it follows directly: how many images it takes
  const decode_jobs* jobs = nullptr;  ///< from a decode to the read above it
  bool fills_blanks = false;          ///< a batch that follows directly makes the pixels of blanks
  bool blanks = false;                ///< below, failed images become blanks, which need memory of their own
  bool one_shape = false;             ///< a batch below takes images of one shape only
  bool copied = false;                ///< a batch below will copy each image into a block of its own
  bool any_order = false;             ///< images in slots will not arrive in the order in which they were placed

  /// Said by every stage that comes between a batch and what it would have followed directly.
  void not_direct() noexcept {
    slots = nullptr;
    loose = 0;
    fills_blanks = false;
  }
};

/// A connected stream. `next` isn't called again before it has ended, nor after it gave nullopt. One that was stopped has taken
/// no item, and may be called again.
template<class T> class stream_base : public recycled {
public:
  stream_base() = default;
  stream_base(const stream_base&) = delete;
  stream_base& operator=(const stream_base&) = delete;
  virtual ~stream_base() = default;
  virtual task<std::optional<item<T>>> next() = 0;
};
template<class T> using stream_ptr = std::unique_ptr<stream_base<T>>;

/// Held while a stream's one consumer awaits it. Throws std::logic_error if it is awaited already.
class one_at_a_time {
public:
  explicit one_at_a_time(bool& awaited) : awaited_(awaited) {
    if (awaited) {
      throw_misuse("weir: next() or close() of a stream while another is awaited");
    }
    awaited = true;
  }
  one_at_a_time(const one_at_a_time&) = delete;
  one_at_a_time& operator=(const one_at_a_time&) = delete;
  ~one_at_a_time() { awaited_ = false; }

private:
  bool& awaited_;
};

/// A source that waits for nothing yields before every 256th item: whatever loops over it, others have their turn, and a stop
/// is seen.
[[nodiscard]] constexpr bool yields_before(std::uint64_t index) noexcept { return index % 256 == 255; }

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

/// A value is about to be in the user's hands: if it has a block of the pool's, that counts as the user's from now on.
void note_held(const owner& memory) noexcept;
template<class T> void give_to_user(T& value) noexcept {
  if constexpr (requires { value.memory(); }) {
    note_held(value.memory());
  }
}

/// A consumer wants no more: from here on it is teardown, until nothing of the pipeline is left.
void note_end(services& runtime, root_state* root) noexcept;
void note_ended(services& runtime, root_state* root) noexcept;

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
