#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <source_location>

#include "clock.hpp"

namespace weir::enumerate {

using bits = std::uint64_t;

/// What stands behind an atomic of any type: the values written to it last, in order, with what is needed to know which of them
/// a thread may still see. A thread sees no value older than one that it, or something that happened before, has seen.
class location {
public:
  explicit location(bits value) noexcept;

  bits load(std::memory_order order, const std::source_location& where) noexcept;
  void store(bits value, std::memory_order order, const std::source_location& where) noexcept;
  using change_fn = bits (*)(bits before, bits operand) noexcept;
  /// Returns the value before.
  bits change(change_fn to, bits operand, std::memory_order order, const std::source_location& where) noexcept;
  bool compare_exchange(bits& expected, bits desired, bool weak, std::memory_order order, std::memory_order otherwise,
                        const std::source_location& where) noexcept;
  /// What the kernel compares a futex with.
  [[nodiscard]] bits newest() const noexcept { return written_[newest_].value; }

private:
  static constexpr std::size_t kept = 4;
  struct written {
    bits value = 0;
    vector_clock released;                          // what a thread learns that acquires it
    std::array<std::uint32_t, most_threads> seen{}; // by each thread, first at that time of its own; 0: not
    bool ordered = false;                           // sequentially consistent
  };

  void write(bits value, std::memory_order order, const vector_clock* carried) noexcept;
  bits see(written& w, std::memory_order order) noexcept;
  [[nodiscard]] std::size_t oldest_visible(std::memory_order order) const noexcept;

  std::array<written, kept> written_;
  std::size_t newest_ = 0;
  std::size_t count_ = 1;
};

} // namespace weir::enumerate
