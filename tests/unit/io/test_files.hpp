#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::test {

/// A directory that goes when the test ends.
class temporary_directory {
public:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-io-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      std::abort();
    }
    path_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }
  [[nodiscard]] std::string fifo(const std::string& name) const {
    if (::mkfifo((*this / name).c_str(), 0600) != 0) {
      std::abort();
    }
    return *this / name;
  }

private:
  std::string path_;
};

/// Bytes of which no two places look alike.
inline std::string bytes(std::size_t count) {
  std::string text(count, '\0');
  unsigned long long state = count + 1;
  for (char& c : text) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

/// The writing end of a FIFO, once something has it open for reading: so this also waits for the engine to have come there.
inline int writer_of(const std::string& fifo) {
  for (;;) {
    const int fd = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 || errno != ENXIO) {
      return fd;
    }
    std::this_thread::yield();
  }
}

inline int entries(const char* directory) {
  int n = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(directory)) {
    ++n;
  }
  return n;
}
inline int descriptors() { return entries("/proc/self/fd"); }
inline int threads() { return entries("/proc/self/task"); }

/// UBSan looks at memory through descriptors of its own, and gives false reports where there are none.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define WEIR_TEST_UBSAN 1
#endif
#endif
#ifdef WEIR_TEST_UBSAN
inline constexpr bool can_run_out_of_descriptors = false;
#else
inline constexpr bool can_run_out_of_descriptors = true;
#endif

/// Whether `count` becomes `expected`: the kernel clears away late.
template<class Count> bool becomes(int expected, Count count) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (count() != expected) {
    if (std::chrono::steady_clock::now() > limit) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

} // namespace weir::test
