#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>

#include <enumerate/path.hpp>

namespace weir::test {

/// What a run of the fake kernel does where it could do several things: the first is always what it does on a good day, the
/// others are faults and surprises, of which a run has `at_most` so many.
class plan {
public:
  explicit plan(int at_most) noexcept : at_most_(at_most) {}
  /// Of a failure's line.
  static plan again(std::string_view text) {
    plan p(1'000'000);
    p.path_ = enumerate::path(text);
    return p;
  }
  /// Not all, but those that `seed` picks: each decision is a surprise with a probability of 1 to `rarity`.
  static plan sampled(std::uint64_t seed, unsigned rarity, int at_most) {
    plan p(at_most);
    p.random_.seed(seed);
    p.rarity_ = rarity;
    return p;
  }

  void start() noexcept {
    left_ = at_most_;
    path_.start();
  }
  std::size_t choose(std::size_t options) {
    if (options < 2 || left_ == 0) {
      return 0;
    }
    std::size_t taken = 0;
    if (rarity_ != 0) {
      taken = random_() % rarity_ == 0 ? 1 + random_() % (options - 1) : 0;
      path_.append(options, taken);
    } else {
      taken = path_.choose(options);
    }
    left_ -= taken != 0 ? 1 : 0;
    return taken;
  }
  /// Goes to the next plan: every one is tried, depth first. False: there is none.
  bool next() { return path_.next(); }
  [[nodiscard]] std::string text() const { return path_.text(); }

private:
  enumerate::path path_;
  std::mt19937_64 random_;
  unsigned rarity_ = 0; // 0: all plans, one after the other
  int at_most_;
  int left_ = 0;
};

} // namespace weir::test
