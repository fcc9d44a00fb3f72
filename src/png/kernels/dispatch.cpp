#include "arm.hpp"
#include "kernels.hpp"
#include "x86.hpp"

namespace weir::png::kernels {

std::array<const set*, most_sets> usable() noexcept {
  std::array<const set*, most_sets> sets{&scalar()};
#if defined(__x86_64__)
  sets[1] = &sse2();
  if (__builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1")) {
    sets[2] = &sse41();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
      sets[3] = &avx2();
    }
  }
#elif defined(__AARCH64EL__)
  sets[1] = &neon();
#endif
  return sets;
}

const set& best() noexcept {
  const std::array<const set*, most_sets> sets = usable();
  const set* last = sets[0];
  for (const set* s : sets) {
    last = s != nullptr ? s : last;
  }
  return *last;
}

} // namespace weir::png::kernels
