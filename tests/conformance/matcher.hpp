#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dice.hpp"

namespace weir::forge {

/// What a deflate block says: a byte, or a copy of bytes that came before.
struct token {
  std::uint16_t length = 0;   ///< 3 to 258; 0: a literal
  std::uint16_t distance = 0; ///< 1 to 32768; with a length
  std::uint8_t literal = 0;
};

/// Cuts bytes into tokens, carelessly: any copy that is true may be taken, or not.
class matcher {
public:
  matcher(std::span<const std::uint8_t> raw, std::size_t window, dice& d) : raw_(raw), window_(window), dice_(&d) {}

  /// Tokens of the bytes from `from` to `to`. To be called for adjoining ranges from the first byte on.
  std::vector<token> tokens(std::size_t from, std::size_t to) {
    std::vector<token> found;
    const bool copies = !dice_->one_in(4);
    while (from < to) {
      token t = copies ? copy_at(from, to) : token{};
      if (t.length == 0) {
        t.literal = raw_[from];
      }
      const std::size_t n = std::max<std::size_t>(t.length, 1);
      for (std::size_t i = 0; i < n; ++i) {
        remember(from + i);
      }
      from += n;
      found.push_back(t);
    }
    return found;
  }

private:
  static constexpr std::size_t longest = 258;

  std::size_t hash(std::size_t at) const {
    return ((std::size_t{raw_[at]} << 10) ^ (std::size_t{raw_[at + 1]} << 5) ^ raw_[at + 2]) % last_.size();
  }
  void remember(std::size_t at) {
    if (at + 2 < raw_.size()) {
      last_[hash(at)] = at + 1;
    }
  }
  token copy_at(std::size_t at, std::size_t to) {
    if (to - at < 3 || at == 0) {
      return {};
    }
    const std::size_t reach = std::min(at, window_);
    std::size_t distance = 1 + dice_->below(std::min<std::size_t>(reach, 8)); // overlapping, mostly
    if (const std::size_t seen = last_[hash(at)]; seen != 0 && !dice_->one_in(3)) {
      distance = at + 1 - seen;
    } else if (dice_->one_in(4)) {
      distance = 1 + dice_->below(reach);
    }
    if (distance > reach) {
      return {};
    }
    std::size_t n = 0;
    while (n < std::min(longest, to - at) && raw_[at + n] == raw_[at + n - distance]) {
      ++n;
    }
    if (n < 3) {
      return {};
    }
    if (dice_->one_in(4)) {
      n = dice_->between(3, n);
    }
    return {static_cast<std::uint16_t>(n), static_cast<std::uint16_t>(distance), 0};
  }

  std::span<const std::uint8_t> raw_;
  std::size_t window_;
  dice* dice_;
  std::array<std::size_t, 4096> last_{}; // by hash: one more than the place last seen
};

} // namespace weir::forge
