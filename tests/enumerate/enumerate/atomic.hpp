#pragma once

#include <atomic>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "location.hpp"

/// The atomic that the code under test is compiled with.
namespace weir::sync {

template<class T> class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(enumerate::bits));
  using order = std::memory_order;
  using place = std::source_location;

public:
  atomic(T value = T{}) noexcept : at_(pack(value)) {} // NOLINT: as std::atomic's
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(order o = order::seq_cst, place where = place::current()) const noexcept { return unpack(at_.load(o, where)); }
  void store(T value, order o = order::seq_cst, place where = place::current()) noexcept { at_.store(pack(value), o, where); }
  T exchange(T value, order o = order::seq_cst, place where = place::current()) noexcept {
    return unpack(at_.change([](enumerate::bits, enumerate::bits to) noexcept { return to; }, pack(value), o, where));
  }
  bool compare_exchange_weak(T& expected, T desired, order o = order::seq_cst, order otherwise = order::seq_cst,
                             place where = place::current()) noexcept {
    enumerate::bits e = pack(expected);
    const bool done = at_.compare_exchange(e, pack(desired), true, o, otherwise, where);
    expected = unpack(e);
    return done;
  }
  T fetch_add(T by, order o = order::seq_cst, place where = place::current()) noexcept requires std::is_integral_v<T> {
    return unpack(at_.change([](enumerate::bits from, enumerate::bits n) noexcept { return pack(unpack(from) + unpack(n)); },
                             pack(by), o, where));
  }
  T fetch_sub(T by, order o = order::seq_cst, place where = place::current()) noexcept requires std::is_integral_v<T> {
    return unpack(at_.change([](enumerate::bits from, enumerate::bits n) noexcept { return pack(unpack(from) - unpack(n)); },
                             pack(by), o, where));
  }

  [[nodiscard]] enumerate::location& location() noexcept { return at_; }

private:
  static enumerate::bits pack(T value) noexcept {
    enumerate::bits b = 0;
    std::memcpy(&b, &value, sizeof value);
    return b;
  }
  static T unpack(enumerate::bits b) noexcept {
    T value;
    std::memcpy(&value, &b, sizeof value);
    return value;
  }

  mutable enumerate::location at_;
};

} // namespace weir::sync
