#pragma once

#include <chrono>
#include <string>

namespace cancel_stress {

/// Says which run it was, on stderr, when the process dies in it: by a signal that the library's or the program's mistakes
/// raise, by a sanitizer's report, or because the run doesn't end (then it also ends the process, with 1). One at a time.
class last_words {
public:
  explicit last_words(std::chrono::seconds patience);
  last_words(const last_words&) = delete;
  last_words& operator=(const last_words&) = delete;
  ~last_words();

  /// A run begins: `text` is how to repeat it.
  void run_begins(const std::string& text);
  /// Nothing runs.
  void run_ended();
};

} // namespace cancel_stress
