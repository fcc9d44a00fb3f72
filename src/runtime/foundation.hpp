#pragma once

#include <memory>
#include <memory_resource>

#include "../io/engine.hpp"
#include "../loop/loop.hpp"
#include "../workers/crew.hpp"

namespace weir::detail {

/// What a runtime stands on, made in this order: threads and a kernel, or a simulation of them. Each may throw; what was made
/// before is then destroyed.
class foundation {
public:
  virtual std::unique_ptr<loop::loop> make_loop() = 0;
  virtual std::unique_ptr<workers::crew> make_workers(int count, loop::loop& home) = 0;
  virtual std::unique_ptr<io::engine> make_engine(loop::loop& home) = 0;
  /// Where the memory for file bytes comes from; null: from the system.
  virtual std::pmr::memory_resource* file_memory() noexcept { return nullptr; }

protected:
  ~foundation() = default;
};

} // namespace weir::detail
