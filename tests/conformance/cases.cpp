#include "cases.hpp"

#include "any_setting.hpp"
#include "dice.hpp"
#include "drawing.hpp"
#include "mutations.hpp"

namespace weir::conformance {
namespace {

using forge::dice;
using outcome = std::optional<disagreement>;

outcome compare(const bytes& file, const setting& how, comparer& c) {
  std::string what = c.difference(file, how);
  if (what.empty()) {
    return std::nullopt;
  }
  return disagreement{file, how, std::move(what)};
}

outcome compare_in_all(const bytes& file, comparer& c, dice& d) {
  for (int channels = 0; channels <= 4; ++channels) {
    for (const int bits : {8, 16}) {
      setting how = any_setting(d);
      how.options.channels = channels;
      how.options.bits = bits;
      if (auto found = compare(file, how, c)) {
        return found;
      }
    }
  }
  return std::nullopt;
}

// It says yes to what is valid by construction.
outcome compare_valid(const bytes& file, comparer& c, dice& d) {
  if (d.one_in(6)) {
    return compare_in_all(file, c, d);
  }
  const setting how = any_setting(d);
  if (auto found = compare(file, how, c)) {
    return found;
  }
  if (!c.was_image()) {
    return disagreement{file, how, "a valid file was refused"};
  }
  return std::nullopt;
}

outcome compare_all_cuts(const bytes& file, comparer& c, dice& d) {
  for (std::size_t n = 0; n <= file.size(); ++n) {
    if (auto found = compare(bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n)), any_setting(d), c)) {
      return found;
    }
  }
  return std::nullopt;
}

outcome compare_all_bits(bytes file, comparer& c, dice& d) {
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    const auto turned = static_cast<std::uint8_t>(1U << bit % 8);
    file[bit / 8] ^= turned;
    if (auto found = compare(file, any_setting(d), c)) {
      return found;
    }
    file[bit / 8] ^= turned;
  }
  return std::nullopt;
}

outcome compare_mutants(const bytes& file, unsigned n, comparer& c, dice& d) {
  for (; n > 0; --n) {
    if (auto found = compare(forge::mutated(file, d), any_setting(d), c)) {
      return found;
    }
  }
  return std::nullopt;
}

} // namespace

std::optional<disagreement> run_case(std::uint64_t seed, std::uint64_t number, comparer& c) {
  dice d(seed, number);
  if (d.one_in(300)) {
    const bytes file = write(draw(forge::extent::tiny, d), d);
    return d.one_in(2) || file.size() > 300 ? compare_all_cuts(file, c, d) : compare_all_bits(file, c, d);
  }
  const bool large = d.one_in(150);
  if (d.one_in(6)) {
    return compare(write(draw_flawed(forge::extent::small, d), d), any_setting(d), c);
  }
  const bytes file = write(draw(large ? forge::extent::large : forge::extent::small, d), d);
  if (auto found = compare_valid(file, c, d)) {
    return found;
  }
  return compare_mutants(file, large ? 1 : 5, c, d);
}

std::optional<disagreement> compare_file(const bytes& file, std::uint64_t seed, unsigned mutants, comparer& c) {
  dice d(seed, file.size());
  if (auto found = compare_in_all(file, c, d)) {
    return found;
  }
  return compare_mutants(file, mutants, c, d);
}

} // namespace weir::conformance
