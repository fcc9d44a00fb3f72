#pragma once

#include <cstdint>
#include <string>

#include <weir/error.hpp>

namespace weir::png {

/// How a decode ended.
enum class ending : std::uint8_t {
  ok,
  failed,
  stopped,     ///< the flag was seen: nothing else is meant
  not_claimed, ///< by the fast decoder alone: it leaves this input, good or bad, to libpng
};

/// Why an input gives no image. Who knows the input's origin makes a `weir::error` of it.
struct failure {
  weir::stage where = weir::stage::decode; ///< header or decode
  std::string message;                     ///< libpng's own words where it has some
  std::uint64_t offset = 0;                ///< bytes of the input that had been taken when it failed
};

} // namespace weir::png
