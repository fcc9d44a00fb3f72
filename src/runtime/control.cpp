#include "control.hpp"

#include <ctime>
#include <utility>

#include <weir/detail/root.hpp>
#include <weir/stop_handle.hpp>

namespace weir {

namespace detail {

void root_control::request() noexcept {
  if (!stop_requested.exchange(true)) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t); // std::chrono::steady_clock's, and async-signal-safe
    requested_at.store(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
  }
  post();
}

void root_control::post() noexcept {
  requesting_.fetch_add(1);
  if (loop::remote* const home = home_.load(); home != nullptr) {
    tell_watcher();
    if (!posted_.exchange(true)) {
      home->post_remote(*this);
    }
  }
  requesting_.fetch_sub(1);
}

void root_control::tell_watcher() noexcept {
  if (watcher_ != nullptr && !watched_.exchange(true)) {
    watcher_->stop_began();
  }
}

void root_control::bind(loop::remote& home, root_base& root, std::shared_ptr<root_control> keep) noexcept {
  ending_since = ending_until = waited_until = {};
  waited_for.clear();
  told_slow = false;
  root_ = &root;
  self_ = std::move(keep);
  home_.store(&home);
  if (stop_requested.load()) {
    tell_watcher();
    root.source().request_stop();
  }
}

void root_control::unbind() noexcept {
  home_.store(nullptr);
  while (requesting_.load() != 0) {
    sync::yield();
  }
  root_ = nullptr;
  if (watched_.exchange(false)) {
    watcher_->stop_ended();
  }
  watcher_ = nullptr;
  if (posted_.load() && !ran_ && !lost_) {
    lost_ = true;
    kept_by_node_ = std::move(self_);
  } else {
    const auto last = std::move(self_); // may be the last
  }
}

void root_control::on_loop(loop::remote_node& n) noexcept {
  auto& c = static_cast<root_control&>(n);
  if (c.lost_) {
    const auto last = std::move(c.kept_by_node_);
  } else {
    c.ran_ = true;
    if (c.root_ != nullptr) { // it is, unless one of the mistakes that tests/enumerate plants has been made
      c.root_->source().request_stop();
    }
  }
  // `posted_` stays set, so nothing is posted again: what is bound from now on sees the flag.
}

} // namespace detail

stop_handle::stop_handle() : control_(std::make_shared<detail::root_control>()) {}

void stop_handle::request_stop() const noexcept { control_->request(); }

bool stop_handle::stop_requested() const noexcept { return control_->stop_requested.load(); }

} // namespace weir
