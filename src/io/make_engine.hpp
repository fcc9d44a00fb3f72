#pragma once

#include <memory>

#include <uv.h>

#include "engine.hpp"

namespace weir::io {

enum class engine_kind : std::uint8_t {
  automatic, ///< the ring, where it works; else blocking
  uring,
  blocking,
};

struct engine_options {
  unsigned depth = 32; ///< uring: files under way in the kernel at once (1 to 4096)
  int threads = 4;     ///< blocking, without a host's loop: files read at once (at least 1)
};

/// Makes an engine whose completions go to `remote`, which outlives it. `host` is the libuv loop that `remote` stands on, or
/// null; `blocking` then uses the host's thread pool and no thread of its own.
///
/// Whether the ring works is found out by reading a file through it: a sandbox may forbid any part of io_uring. If it is
/// forbidden later, the engine goes on with plain calls. Throws std::system_error: `uring` where it doesn't work, saying what
/// was refused; any kind where threads or descriptors run out.
std::unique_ptr<engine> make_engine(engine_kind kind, loop::remote& remote, uv_loop_t* host = nullptr,
                                    const engine_options& options = {});

} // namespace weir::io
