#include "kernels.hpp"

namespace weir::png::kernels {

std::array<const set*, most_sets> usable() noexcept {
  std::array<const set*, most_sets> sets{&scalar()};
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
