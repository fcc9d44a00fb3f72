#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "noted.hpp"
#include <weir/event.hpp>
#include <weir/sleep.hpp>
#include <weir/task.hpp>

// The tasks that the tests of the algorithms are made of.

namespace weir::test {

using std::chrono::milliseconds;

inline task<int> value_after(milliseconds d, int v) {
  co_await sleep_for(d);
  co_return v;
}
inline task<int> error_after(milliseconds d, std::string what) {
  co_await sleep_for(d);
  throw std::runtime_error(what);
}
/// Writes down that it did.
inline task<> writes_after(milliseconds d, diary& log, std::string what) {
  co_await sleep_for(d);
  log.push_back(what);
}
/// Waits until it is stopped, and writes down when it is destroyed.
inline task<int> parked(diary& log, std::string name, event& never) {
  const noted here(log, std::move(name));
  co_await never.wait();
  co_return 0;
}

} // namespace weir::test
