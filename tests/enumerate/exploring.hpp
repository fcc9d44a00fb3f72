#pragma once

#include <catch2/catch.hpp>

#include <enumerate/cell.hpp>
#include <enumerate/explore.hpp>

namespace weir::test {

/// No execution within the limits fails.
inline void check_all(const enumerate::scenario& program, const enumerate::limits& bounds = {}) {
  const enumerate::result r = enumerate::explore(program, bounds);
  INFO(r.failure);
  INFO(r.executions << " executions");
  CHECK(r.failure.empty());
  CHECK((r.complete || !r.failure.empty()));
}

/// With the mistake planted, one fails, and says this.
inline void check_found(const enumerate::scenario& program, const enumerate::plant& mistake, const std::string& says,
                        const enumerate::limits& bounds = {}) {
  const enumerate::result r = enumerate::explore(program, bounds, mistake);
  INFO(r.executions << " executions: " << r.failure);
  CHECK_FALSE(r.failure.empty());
  CHECK(r.failure.find(says) != std::string::npos);
}

inline const std::string lost_wake = "every thread is blocked";
inline const std::string race = "a data race";

} // namespace weir::test
