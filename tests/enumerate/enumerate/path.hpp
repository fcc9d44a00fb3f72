#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::enumerate {

/// The decisions of an execution, in order, and the way to the next execution.
class path {
public:
  path() = default;
  /// Of a failure: "place:choice place:choice …", all others being the first.
  explicit path(std::string_view text);

  void start() noexcept { at_ = 0; }
  /// The next decision: as it was, as far as this path goes; else the first. Sets `diverged` if it was one of another number of
  /// options: then the program isn't a function of its schedule.
  std::size_t choose(std::size_t options);
  /// A decision that somebody else took, behind all others.
  void append(std::size_t options, std::size_t taken);
  [[nodiscard]] bool diverged() const noexcept { return diverged_; }
  /// Goes to the next path, depth first. False: there is none.
  bool next();
  [[nodiscard]] std::string text() const;

private:
  struct decision {
    std::size_t options; // 0: not known yet, from a text
    std::size_t taken;
  };
  std::vector<decision> decisions_;
  std::size_t at_ = 0;
  bool diverged_ = false;
};

} // namespace weir::enumerate
