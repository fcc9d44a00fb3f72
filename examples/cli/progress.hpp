#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cli {

enum class progress_choice : std::uint8_t { automatic, always, never };

/// How much there is to do: so many pieces, or as many as can be done in so many seconds; neither where that isn't known.
struct extent {
  std::optional<std::uint64_t> total{};
  std::optional<double> seconds{};
  const char* unit = "images";
};

/// A line on stderr that says how far it is, how fast, and how long it will take, drawn over itself at most ten times a second.
/// With `automatic` only on a terminal, and only after a second. On one thread.
class progress_bar {
public:
  using clock = std::chrono::steady_clock;

  progress_bar(progress_choice when, extent of, int descriptor = 2, clock::time_point now = clock::now());
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar() { finish(); }

  /// `done` pieces are through, good or bad. Cheap: call it for every one.
  void update(std::uint64_t done, clock::time_point now = clock::now());
  /// Wipes the line. Call it before anything else is printed on the terminal.
  void finish() noexcept;

private:
  void print(const std::string& text) noexcept;

  bool on_;
  int descriptor_;
  extent of_;
  clock::time_point start_;
  clock::time_point next_;
  bool drawn_ = false;
};

/// The line itself, at most `columns` wide: "[####......] 40 %  400/1000  812 images/s  0:01 left", with seconds "[####......]
/// 40 %  400  812 images/s  0:01 left", with neither "400 images  812 images/s  0:12".
[[nodiscard]] std::string progress_line(std::uint64_t done, const extent& of, double seconds, unsigned columns);

} // namespace cli
