#include "inputs.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace cli {

namespace {

class descriptor {
public:
  explicit descriptor(int number, bool owned = true) noexcept : number_(number), owned_(owned) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (owned_ && number_ >= 0)
      close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }

private:
  int number_;
  bool owned_;
};

struct close_directory {
  void operator()(DIR* open) const noexcept { closedir(open); }
};

enum class entry_kind : unsigned char { directory, link, other };

entry_kind kind_of(const dirent& entry, int directory) {
  switch (entry.d_type) {
  case DT_DIR: return entry_kind::directory;
  case DT_LNK: return entry_kind::link;
  case DT_UNKNOWN: break; // some file systems don't say
  default: return entry_kind::other;
  }
  struct stat status {};
  if (fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return entry_kind::other;
  return S_ISDIR(status.st_mode) ? entry_kind::directory : S_ISLNK(status.st_mode) ? entry_kind::link : entry_kind::other;
}

bool links_to_directory(const dirent& entry, int directory) {
  struct stat status {};
  return fstatat(directory, entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Finds a tree's files. Keeps the directories still to be searched on a list of its own: the depth costs no stack.
class walk {
public:
  walk(std::vector<std::string>& found, const patience& limit) : found_(found), limit_(limit) {}

  /// False when patience ended first.
  bool search(const std::string& top) {
    const auto first = static_cast<std::ptrdiff_t>(found_.size());
    to_search_.push_back(top);
    while (!to_search_.empty()) {
      const std::string path = std::move(to_search_.back());
      to_search_.pop_back();
      if (!search_one(path))
        return false;
    }
    std::sort(found_.begin() + first, found_.end());
    return !limit_.over();
  }

private:
  bool search_one(const std::string& path) {
    const std::unique_ptr<DIR, close_directory> open(opendir(path.c_str()));
    if (open == nullptr) {
      found_.push_back(path);
      return true;
    }
    const std::string prefix = path.ends_with('/') ? path : path + '/';
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(open.get());
      if (entry == nullptr) {
        if (errno != 0)
          found_.push_back(path);
        return true;
      }
      take(*entry, dirfd(open.get()), prefix);
      if (limit_.over())
        return false;
    }
  }

  void take(const dirent& entry, int directory, const std::string& prefix) {
    const std::string name = entry.d_name;
    if (name == "." || name == "..")
      return;
    const entry_kind kind = kind_of(entry, directory);
    if (kind == entry_kind::directory)
      to_search_.push_back(prefix + name);
    else if (has_png_name(name) && (kind == entry_kind::other || !links_to_directory(entry, directory)))
      found_.push_back(prefix + name);
  }

  std::vector<std::string>& found_;
  const patience& limit_;
  std::vector<std::string> to_search_;
};

[[noreturn]] void fail_list(const std::string& name, const std::string& problem) {
  throw list_error("cannot read the list " + name + ": " + problem);
}

/// All of a list's bytes. Nothing when patience ends first.
std::optional<std::string> read_list(int from, const std::string& name, const patience& limit) {
  std::string bytes;
  std::vector<char> piece(1U << 16U);
  for (;;) {
    if (!wait_for(from, POLLIN, limit))
      return std::nullopt;
    const ssize_t got = read(from, piece.data(), piece.size());
    if (got == 0)
      return bytes;
    if (got > 0)
      bytes.append(piece.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR && errno != EAGAIN)
      fail_list(name, std::generic_category().message(errno));
  }
}

std::vector<std::string> lines_of(const std::string& bytes, const std::string& name) {
  std::vector<std::string> lines;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find('\0') != std::string_view::npos)
      fail_list(name, "it has a NUL byte; give one path a line");
    if (!line.empty())
      lines.emplace_back(line);
  }
  return lines;
}

/// The lines of @FILE or -. A FIFO is opened without waiting for its writer, which read_list waits for with a way out.
std::optional<std::vector<std::string>> list_named_by(const std::string& argument, const patience& limit) {
  const bool standard_input = argument == "-";
  const std::string name = standard_input ? "on standard input" : argument.substr(1);
  const descriptor from(standard_input ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), !standard_input);
  if (from.get() < 0)
    fail_list(name, std::generic_category().message(errno));
  const auto bytes = read_list(from.get(), name, limit);
  if (!bytes)
    return std::nullopt;
  return lines_of(*bytes, name);
}

/// False when patience ended first.
bool add(const std::string& path, std::vector<std::string>& found, const patience& limit) {
  if (is_directory(path))
    return walk(found, limit).search(path);
  found.push_back(path);
  return !limit.over();
}

} // namespace

bool has_png_name(const std::string& name) noexcept {
  constexpr std::string_view ending = ".png";
  return name.size() >= ending.size() &&
         std::equal(ending.begin(), ending.end(), name.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char wanted, char is) { return wanted == (is >= 'A' && is <= 'Z' ? is - 'A' + 'a' : is); });
}

input_list expand(const std::vector<std::string>& paths, const patience& limit) {
  input_list result;
  const auto add_to_result = [&](const std::string& path) {
    result.complete = result.complete && add(path, result.paths, limit);
  };
  for (const std::string& path : paths) {
    if (!result.complete)
      break;
    if (path != "-" && !path.starts_with('@')) {
      add_to_result(path);
    } else if (const auto lines = list_named_by(path, limit)) {
      for (const std::string& line : *lines)
        add_to_result(line);
    } else {
      result.complete = false;
    }
  }
  return result;
}

} // namespace cli
