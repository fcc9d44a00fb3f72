#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <weir/detail/explore.hpp>

namespace weir::explore {

/// A mistake that can be planted in the library, by the name that `--plant` takes.
struct plant {
  detail::explore::bug what;
  std::string_view name;
  std::string_view sentence;
};

inline constexpr std::array plants{
    plant{detail::explore::bug::early_release, "early-release", "a lease released before its completion"},
    plant{detail::explore::bug::lost_cancel, "lost-cancel", "a lost cancel"},
    plant{detail::explore::bug::stop_as_end, "stop-as-end", "a stop taken for the end of the stream"},
    plant{detail::explore::bug::scope_leaves, "scope-leaves", "a scope that doesn't wait"},
    plant{detail::explore::bug::job_after_stop, "job-after-stop", "a job run after the stop"},
    plant{detail::explore::bug::inline_end, "inline-end", "a stop callback that delivers inline"},
    plant{detail::explore::bug::swallowed_error, "swallowed-error", "a swallowed error"},
    plant{detail::explore::bug::leaked_file, "leaked-file", "a descriptor leaked on a late open"},
    plant{detail::explore::bug::body_first, "body-first", "a wrong destruction order"},
    plant{detail::explore::bug::double_resume, "double-resume", "a double resume"},
    plant{detail::explore::bug::forgotten_waiter, "forgotten-waiter", "a waiter forgotten when the one ahead of it leaves"},
};

[[nodiscard]] inline const plant* find_plant(std::string_view name) noexcept {
  for (const plant& p : plants) {
    if (p.name == name) {
      return &p;
    }
  }
  return nullptr;
}

} // namespace weir::explore
