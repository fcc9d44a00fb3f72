#pragma once

#include <cstdint>
#include <stdexcept>

#include <uv.h>
#include <weir/runtime.hpp>

namespace cli {

enum class loop_choice : std::uint8_t { own, uv };
enum class engine_choice : std::uint8_t { automatic, uring, blocking };

[[nodiscard]] inline weir::engine_choice engine_of(engine_choice asked) noexcept {
  switch (asked) {
  case engine_choice::uring: return weir::engine_choice::uring;
  case engine_choice::blocking: return weir::engine_choice::blocking;
  case engine_choice::automatic: break;
  }
  return weir::engine_choice::automatic;
}

/// A libuv loop, for --loop uv: what a host would have.
class host {
public:
  /// With --loop own there is none. Throws std::runtime_error.
  explicit host(loop_choice asked) : wanted_(asked == loop_choice::uv) {
    if (wanted_ && uv_loop_init(&loop_) != 0) {
      throw std::runtime_error("libuv can't make a loop here");
    }
  }
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  ~host() { (void)close(); }

  [[nodiscard]] weir::host_loop loop() noexcept { return wanted_ ? weir::on(&loop_) : weir::host_loop{}; }
  /// False: somebody has handles there yet.
  bool close() noexcept {
    if (wanted_ && uv_loop_close(&loop_) != 0) {
      return false;
    }
    wanted_ = false;
    return true;
  }

private:
  bool wanted_;
  uv_loop_t loop_{};
};

} // namespace cli
