#pragma once

#include <string>

/// A directory that goes, with what is in it, when this does.
class temporary_directory {
public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The path of a name in it.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + '/' + name; }
  /// Makes a file, and its parent directories, and returns its path.
  std::string file(const std::string& name, const std::string& bytes = {}) const;

private:
  std::string path_;
};

/// All the bytes of a file.
[[nodiscard]] std::string bytes_of(const std::string& path);
