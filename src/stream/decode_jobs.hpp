#pragma once

#include <cstdint>
#include <utility>

#include "../memory/segment.hpp"
#include "services.hpp"
#include <weir/encoded.hpp>

namespace weir::detail {

/// The memory for files that a decode's jobs have: all of it comes back, whatever else happens. The read above the decode opens
/// files by it (see read_ahead).
class decode_jobs {
public:
  /// One job's part, until it has `ended`, which is before the memory goes back: the release is what the read hears.
  class part {
  public:
    part(part&& o) noexcept : jobs_(std::exchange(o.jobs_, nullptr)), segments_(o.segments_) {}
    part& operator=(part&&) = delete;
    ~part() { ended(); }
    void ended() noexcept {
      if (jobs_ != nullptr) {
        std::exchange(jobs_, nullptr)->segments_ -= segments_;
      }
    }

  private:
    friend class decode_jobs;
    part(decode_jobs& jobs, std::uint64_t segments) noexcept : jobs_(&jobs), segments_(segments) { jobs.segments_ += segments; }
    decode_jobs* jobs_;
    std::uint64_t segments_;
  };

  /// Of a job that is handed out. A caller's own buffer counts nothing, nor does a file of another runtime: nobody would hear
  /// of their end.
  [[nodiscard]] part count(const encoded& e, const services& s) noexcept {
    return part(*this, e.whose() == &s ? count_of(e.first()) : 0);
  }
  [[nodiscard]] std::uint64_t segments() const noexcept { return segments_; }

private:
  std::uint64_t segments_ = 0;
};

} // namespace weir::detail
