#include "make_engine.hpp"

#include <system_error>

#include "blocking_engine.hpp"
#include "uring_engine.hpp"
#include "uv_engine.hpp"

namespace weir::io {

std::unique_ptr<engine> make_engine(engine_kind kind, loop::remote& remote, uv_loop_t* host, const engine_options& options) {
  if (kind != engine_kind::blocking) {
    try {
      return std::make_unique<uring_engine>(remote, options.depth);
    } catch (const std::system_error&) {
      if (kind == engine_kind::uring) {
        throw;
      }
    }
  }
  if (host != nullptr) {
    return std::make_unique<uv_engine>(remote, host);
  }
  return std::make_unique<blocking_engine>(remote, options.threads);
}

} // namespace weir::io
