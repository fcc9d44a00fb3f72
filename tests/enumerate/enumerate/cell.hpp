#pragma once

#include <array>
#include <source_location>

#include "clock.hpp"

namespace weir::enumerate {

/// Who touched a plain value when: two touches of which one is a write, and of which neither happened before the other, are a
/// data race.
class touches {
public:
  void read(const std::source_location& where) noexcept;
  void write(const std::source_location& where) noexcept;

private:
  std::array<std::uint32_t, most_threads> reads_{}; // each thread's last, at that time of its own
  std::size_t writer_ = 0;
  std::uint32_t written_ = 0;
};

/// A plain value of a program under test, whose every touch is checked.
template<class T> class cell {
public:
  explicit cell(T value = T{}) noexcept : value_(value) {}
  [[nodiscard]] T get(std::source_location where = std::source_location::current()) noexcept {
    touches_.read(where);
    return value_;
  }
  void set(T value, std::source_location where = std::source_location::current()) noexcept {
    touches_.write(where);
    value_ = value;
  }

private:
  T value_;
  touches touches_;
};

} // namespace weir::enumerate
