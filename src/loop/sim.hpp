#pragma once

#include "loop.hpp"
#include "world.hpp"

namespace weir::loop {

/// A loop in a simulated world, with virtual time. Between any two pieces that it runs, time passes and the world's other
/// actors go on, as they would on other cores. Where nothing is ready, time jumps to what comes next.
class sim_loop final : public loop {
public:
  explicit sim_loop(world& w) noexcept;

  /// If nothing can ever happen again, that is a violation, at once.
  static constexpr const char* nothing_can_happen = "nothing can ever happen again";
  void run() override;
  void quit() noexcept override { quit_ = true; }
  void close(void (*closed)(void*) noexcept, void* arg) noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "sim"; }
  [[nodiscard]] detail::time_point now() const noexcept override { return world_.now(); }

  void post_remote(remote_node& node) noexcept override { remote_.push(node); }
  void post_remote_chain(remote_node& first, remote_node& last) noexcept override { remote_.push_chain(first, last); }

private:
  void turn() noexcept;
  void others() noexcept;

  world& world_;
  remote_queue remote_;
  std::uint64_t steps_a_turn_; // few: what others post comes soon; many: late
  std::uint64_t step_time_;    // nanoseconds
  bool quit_ = false;
};

} // namespace weir::loop
