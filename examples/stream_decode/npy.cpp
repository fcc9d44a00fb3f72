#include "npy.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_error.hpp"

namespace stream_decode {

namespace {

[[noreturn]] void fail(const std::string& path, const char* doing) { throw output_error(path, doing, errno); }

/// A file beside the one that is wanted, which takes its name at the end, or goes.
class replacement {
public:
  explicit replacement(const std::string& path) : path_(path), temporary_(fmt::format("{}.{}.tmp", path, getpid())) {
    unlink(temporary_.c_str()); // of a process with our number that was killed
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0)
      fail(path_, "cannot be made");
  }
  replacement(const replacement&) = delete;
  replacement& operator=(const replacement&) = delete;
  ~replacement() {
    if (descriptor_ >= 0)
      close(descriptor_);
    if (!in_place_)
      unlink(temporary_.c_str());
  }

  /// False if it was stopped.
  bool write(std::span<const std::byte> bytes, weir::stop_flag stop) {
    constexpr std::size_t at_once = std::size_t{1} << 20U;
    while (!bytes.empty()) {
      if (stop.requested())
        return false;
      const auto wrote = ::write(descriptor_, bytes.data(), std::min(bytes.size(), at_once));
      if (wrote >= 0)
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
      else if (errno != EINTR)
        fail(path_, "cannot be written");
    }
    return true;
  }

  void put_in_place() {
    const int result = close(descriptor_); // some file systems say only now that there was no room
    descriptor_ = -1;
    if (result != 0)
      fail(path_, "cannot be written");
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
      fail(path_, "cannot be replaced");
    in_place_ = true;
  }

private:
  const std::string& path_;
  std::string temporary_;
  int descriptor_ = -1;
  bool in_place_ = false;
};

} // namespace

std::string npy_header(std::span<const std::uint64_t> dimensions, unsigned bits) {
  const char* type = bits == 8 ? "|u1" : std::endian::native == std::endian::little ? "<u2" : ">u2";
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}", type, fmt::join(dimensions, ", "));
  constexpr std::size_t before = 10;    // magic, version, length
  constexpr std::size_t alignment = 64; // of the data, as the format asks for
  const std::size_t whole = (before + text.size() + 1 + alignment - 1) / alignment * alignment;
  text.append(whole - before - text.size() - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFFU);
  header += static_cast<char>(text.size() >> 8U);
  return header + text;
}

bool write_npy(const std::string& path, std::span<const std::uint64_t> dimensions, unsigned bits,
               std::span<const std::span<const std::byte>> parts, weir::stop_flag stop) {
  replacement file(path);
  const std::string header = npy_header(dimensions, bits);
  if (!file.write(std::as_bytes(std::span(header)), stop))
    return false;
  for (const auto part : parts)
    if (!file.write(part, stop))
      return false;
  file.put_in_place();
  return true;
}

void make_output_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0777) == 0)
    return;
  const int problem = errno;
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      return;
    throw output_error(path, "cannot be written to", ENOTDIR);
  }
  throw output_error(path, "cannot be made", problem);
}

std::string batch_file(const std::string& directory, std::uint64_t number) {
  return fmt::format("{}/batch-{:06}.npy", directory, number);
}

std::string image_file(const std::string& directory, std::uint64_t index) {
  return fmt::format("{}/image-{:06}.npy", directory, index);
}

} // namespace stream_decode
