#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "../io/engine.hpp"
#include "../loop/loop.hpp"
#include "../memory/pool.hpp"
#include "../memory/segment_pool.hpp"
#include "../workers/crew.hpp"

namespace weir::detail {

struct root_state;

/// What a runtime gives its pipelines. Loop thread only.
struct services {
  loop::loop& loop;
  io::engine& engine;
  workers::crew& workers;
  memory::pool& pixels;
  memory::segment_pool& files;

  // Counted since the start.
  std::uint64_t bytes_read = 0;
  std::uint64_t files_read = 0;
  std::uint64_t images_decoded = 0;
  std::uint64_t copies = 0; ///< images that were copied into their batch

  std::uint64_t segments_undelivered = 0; ///< of files that their `read` has not given on

  /// Something came back while its tree was stopping: what the teardown of its root waited for, if nothing comes later.
  void note_wait(root_state* root, const char* what, std::string_view whose) const noexcept;
  /// Gives a file's bytes back, from any thread.
  void release(memory::segment* chain) noexcept;
};

} // namespace weir::detail
