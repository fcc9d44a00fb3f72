#include "plan.hpp"

#include <array>
#include <cerrno>

namespace weir::explore {

namespace {

constexpr int restart = 512; // the kernel's ERESTARTSYS, which completions may carry
constexpr std::array open_errors{ENOENT, EACCES, EMFILE, ENFILE, EAGAIN,    EINTR,  ENOMEM, EIO,
                                 ESTALE, EPERM,  ENOSYS, EINVAL, ECANCELED, EISDIR, restart};
constexpr std::array read_errors{EIO, EINTR, EAGAIN, ECANCELED, EISDIR, ENOMEM, EPERM, ENOSYS, EINVAL, restart};

std::uint64_t mixed(std::uint64_t v) noexcept {
  v = (v ^ (v >> 30U)) * 0xBF58476D1CE4E5B9U;
  v = (v ^ (v >> 27U)) * 0x94D049BB133111EBU;
  return v ^ (v >> 31U);
}

} // namespace

plan::plan(const schedule& base, const counts& undisturbed) noexcept : base_(base), undisturbed_(undisturbed) {}

std::uint64_t plan::faults() const noexcept {
  const counts& c = undisturbed_;
  return c.opens * open_errors.size() + c.reads * read_errors.size() + c.submits + c.jobs + 2 + 2 * c.allocations;
}

std::uint64_t plan::size() const noexcept { return undisturbed_.points + faults() + undisturbed_.points; }

void plan::set_fault(schedule& s, std::uint64_t i) const noexcept {
  const counts& c = undisturbed_;
  const auto within = [&](fault what, std::uint64_t count, std::size_t errors) {
    if (i >= count * errors) {
      i -= count * errors;
      return false;
    }
    s.what = what;
    s.k = i / errors + 1;
    i %= errors;
    return true;
  };
  if (within(fault::open, c.opens, open_errors.size())) {
    s.error = open_errors[i];
  } else if (within(fault::read, c.reads, read_errors.size())) {
    s.error = read_errors[i];
  } else if (!within(fault::submit, c.submits, 1) && !within(fault::job, c.jobs, 1) && !within(fault::thread, 2, 1) &&
             !within(fault::memory, c.allocations, 1)) {
    (void)within(fault::allocation, c.allocations, 1);
  }
}

schedule plan::at(std::uint64_t index) const noexcept {
  schedule s = base_;
  if (index < undisturbed_.points) {
    s.stop_at = index + 1;
  } else if (index < undisturbed_.points + faults()) {
    set_fault(s, index - undisturbed_.points);
  } else {
    const std::uint64_t drawn = mixed(index * 0x9E3779B97F4A7C15U + s.seed);
    s.stop_at = drawn % undisturbed_.points + 1;
    set_fault(s, (drawn >> 20U) % faults());
  }
  return s;
}

} // namespace weir::explore
