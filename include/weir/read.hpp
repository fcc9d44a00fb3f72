#pragma once

#include <cstddef>

#include <weir/detail/window.hpp>
#include <weir/encoded.hpp>
#include <weir/pipeline.hpp>
#include <weir/sources.hpp>

namespace weir {

struct read_options {
  std::size_t in_flight = 64;       ///< files at most that are being read, or have been and wait for the next stage; at least 1
  weir::order order = order::input; ///< of delivery
};

namespace detail {
class read_stage : public stage_base {
public:
  explicit read_stage(read_options o) : options_(o) {
    check_in_flight(o.in_flight, "weir: read needs at least one file in flight");
  }
  pipeline<encoded> operator()(pipeline<path>&& p) const;

private:
  read_options options_;
};
} // namespace detail

/// Reads each file whole. A file that can't be opened or read is an item that failed (stage open or read; the system's words).
/// What is read ahead is bounded by `runtime_options::file_memory`, granted in order; the oldest file may grow past that. In
/// order of input a file begins with about as much as those before it took (but for large files; what it doesn't need goes back
/// when it has been read). When nearly all is in use, the next ones are opened when a third of what is coming back has come,
/// several at a time. Throws std::invalid_argument for none in flight.
///
/// A stop cancels what can be cancelled and waits for what can't: a read that the kernel has begun ends by itself.
[[nodiscard]] inline detail::read_stage read(read_options options = {}) { return detail::read_stage(options); }

} // namespace weir
