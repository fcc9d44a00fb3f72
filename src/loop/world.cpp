#include "world.hpp"

#include <algorithm>
#include <cstdlib>

#include <weir/detail/explore.hpp>

namespace weir::loop {

using detail::explore::own_business;

world::world(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15U + 1) {}

// SplitMix64: a seed is as good as its neighbour.
std::uint64_t world::draw() noexcept {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::chrono::nanoseconds world::some(std::chrono::nanoseconds usual) noexcept {
  const std::uint64_t ns = static_cast<std::uint64_t>(usual.count()) + 1;
  const std::uint64_t at_most = one_in(16) ? 20 * ns : 2 * ns;
  return std::chrono::nanoseconds(below(at_most));
}

void world::in(std::chrono::nanoseconds delay, event& e) noexcept {
  const own_business ours;
  to_come_.push_back({now_ + delay, ++order_, &e});
  std::push_heap(to_come_.begin(), to_come_.end());
}

void world::happen_until(detail::time_point until) noexcept {
  const own_business ours;
  while (!to_come_.empty() && to_come_.front().when <= until) {
    std::pop_heap(to_come_.begin(), to_come_.end());
    const entry e = to_come_.back();
    to_come_.pop_back();
    now_ = std::max(now_, e.when);
    e.what->happen();
  }
  now_ = std::max(now_, until);
}

void world::pass(std::chrono::nanoseconds time) noexcept { happen_until(now_ + time); }

bool world::jump(detail::time_point limit) noexcept {
  if (!to_come_.empty()) {
    limit = std::min(limit, to_come_.front().when);
  }
  if (limit == detail::time_point::max()) {
    return false;
  }
  happen_until(std::max(limit, now_));
  return true;
}

void world::at_point(std::uint64_t which, std::function<void()> what) {
  awaited_point_ = which;
  at_point_ = std::move(what);
}

void world::point() noexcept {
  if (++points_ == awaited_point_) {
    at_point_();
  }
  if (points_ > most_points) {
    violation("it goes on for ever");
  }
}

void world::note(const char* what, std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t prime = 0x100000001B3U;
  for (const char* c = what; *c != '\0'; ++c) {
    hash_ = (hash_ ^ static_cast<unsigned char>(*c)) * prime;
  }
  const auto ns = static_cast<std::uint64_t>(now_.time_since_epoch().count());
  for (const std::uint64_t v : {a, b, ns}) {
    hash_ = (hash_ ^ v) * prime;
  }
  if (keep_) {
    const own_business ours;
    log_ += std::to_string(points_) + ' ' + std::to_string(ns) + ' ' + what + ' ' + std::to_string(a) + ' ' +
            std::to_string(b) + '\n';
  }
}

void world::starts(const char* what) noexcept {
  if (stop_requested_ && nothing_starts_after_stop) {
    violation(what);
  }
}

void world::violation(const char* what) noexcept {
  if (on_violation) {
    on_violation(what);
  }
  std::abort();
}

} // namespace weir::loop
