#include "resources.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace plain {

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::map<std::string, double> processor_seconds_by_part() {
  std::map<std::string, double> sums{{"read", 0}, {"decode", 0}, {"rest", 0}};
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    double nanoseconds = 0;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    std::ifstream(entry.path() / "schedstat") >> nanoseconds;
    const bool loop = entry.path().filename() == std::to_string(getpid());
    sums[loop ? "rest" : name.starts_with("weir-work") ? "decode" : "read"] += nanoseconds * 1e-9;
  }
  return sums;
}

std::size_t count_threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::uint64_t resident(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":"))
      return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10) * 1024;
  return 0;
}

} // namespace plain
