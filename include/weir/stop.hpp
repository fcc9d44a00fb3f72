#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <weir/detail/sync.hpp>

namespace weir {

class stop_source;
template<class F> class stop_callback;

namespace detail {

class chain;
class context;

class stop_node;

class stop_link { // a base, for the reason given in context.hpp
private:
  friend class weir::stop_source;
  friend class stop_node;
  stop_source* linked_to_ = nullptr;
  stop_node* newer_ = nullptr;
  stop_node* older_ = nullptr;
};

/// Something that is told when a stop is requested on a source. Intrusive, so registering can't fail.
class stop_node : public stop_link {
public:
  stop_node(const stop_node&) = delete;
  stop_node& operator=(const stop_node&) = delete;
  virtual void on_stop() noexcept = 0; ///< the source's to call, at most once
  void unlink() noexcept;              ///< no effect if it isn't linked
  /// The library's, for dumps: the chain that this is a part of, or null.
  [[nodiscard]] virtual const chain* as_chain() const noexcept { return nullptr; }

protected:
  stop_node() = default;
  ~stop_node() {
    if (linked_to_ != nullptr) {
      unlink();
    }
  }
  void link(stop_source& s) noexcept;
  /// The source that it is registered with; null before, and after the source's end.
  [[nodiscard]] stop_source* linked_to() const noexcept { return linked_to_; }
};

/// What the tasks under one root share, wherever in the tree they are: see runtime.hpp.
struct root_state;

} // namespace detail

/// A view of a stop_source, as std::inplace_stop_token. Valid as long as the source; a default one never stops.
class stop_token {
public:
  stop_token() noexcept = default;
  [[nodiscard]] bool stop_requested() const noexcept;
  [[nodiscard]] bool stop_possible() const noexcept { return source_ != nullptr; }
  friend bool operator==(const stop_token&, const stop_token&) noexcept = default;

private:
  friend class stop_source;
  template<class F> friend class stop_callback;
  explicit stop_token(stop_source* s) noexcept : source_(s) {}
  stop_source* source_ = nullptr;
};

/// As std::inplace_stop_source, but of one loop thread: everything here is called on it, and costs no atomics. To stop a task
/// from another thread or from a signal handler, use the `stop_handle` that `runtime::start` returns.
///
///     weir::stop_source source;
///     weir::stop_callback on_stop(source.get_token(), [&] { ... });
///     source.request_stop();               // runs the callbacks, newest first, once
///
/// A callback may deregister itself or others, and may destroy the source.
class stop_source {
public:
  stop_source() noexcept = default;
  stop_source(const stop_source&) = delete;
  stop_source& operator=(const stop_source&) = delete;
  /// Deregisters what is still registered; those callbacks will not be called.
  ~stop_source();

  /// Returns whether this call made the request; later ones do nothing. Callbacks run before it returns, newest first, except
  /// in the middle of another request in the same task tree: then they run before that one returns, so the stack doesn't grow
  /// with depth.
  bool request_stop() noexcept;
  [[nodiscard]] bool stop_requested() const noexcept { return requested_at_ != 0; }
  [[nodiscard]] stop_token get_token() noexcept { return stop_token(this); }

  /// The library's: makes it a part of the task tree of `parent`. It is not registered with the parent: whoever is parked
  /// passes a request on. `shielded`: what the root's thread-safe flag says doesn't count here.
  void attach(detail::context& c, const stop_source& parent, bool shielded = false) noexcept {
    context_ = &c;
    root_ = parent.root_;
    early_ = shielded ? nullptr : parent.early_;
  }
  void attach(detail::context& c, detail::root_state& root) noexcept; ///< the library's: the root's own
  [[nodiscard]] detail::root_state* root() const noexcept { return root_; }
  /// The library's: the flag that the requesting thread sets at once; null where there is none.
  [[nodiscard]] const sync::atomic<bool>* early() const noexcept { return early_; }
  /// The library's: when the request came, in the order of events of its context; 0: it has not.
  [[nodiscard]] std::uint64_t requested_at() const noexcept { return requested_at_; }
  /// The library's: calls `f` with each registered node, the newest first, those that have been told last.
  template<class F> void each_node(F f) const {
    for (const detail::stop_node* list : {newest_, notified_}) {
      for (; list != nullptr; list = list->older_) {
        f(*list);
      }
    }
  }

private:
  friend class detail::stop_node;
  friend class detail::context;
  void notify() noexcept;

  detail::context* context_ = nullptr;
  detail::root_state* root_ = nullptr;
  const sync::atomic<bool>* early_ = nullptr;
  detail::stop_node* newest_ = nullptr;
  detail::stop_node* notified_ = nullptr; // those that have been told, still linked
  bool* destroyed_ = nullptr;             // set while notify runs
  stop_source* next_request_ = nullptr;   // in the context's list of requests under way
  bool queued_ = false;
  std::uint64_t requested_at_ = 0;
};

inline bool stop_token::stop_requested() const noexcept { return source_ != nullptr && source_->stop_requested(); }

/// Runs `f` when a stop is requested, on the loop thread; at once if it already was. Destroying it deregisters it.
template<class F> class [[nodiscard]] stop_callback final : detail::stop_node {
public:
  template<class G>
  requires std::constructible_from<F, G>
  explicit stop_callback(stop_token token, G&& f) noexcept(std::is_nothrow_constructible_v<F, G>) : f_(std::forward<G>(f)) {
    if (token.stop_requested()) {
      f_();
    } else if (token.source_ != nullptr) {
      link(*token.source_);
    }
  }
  ~stop_callback() = default;

private:
  void on_stop() noexcept override { f_(); }
  F f_;
};
template<class F> stop_callback(stop_token, F) -> stop_callback<F>;

} // namespace weir
