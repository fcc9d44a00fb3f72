#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::io {

/// A file of a simulated disk.
struct sim_file {
  enum class kind : std::uint8_t {
    regular,
    sizeless,  ///< regular, but fstat says 0, as in /proc
    fifo,      ///< nobody writes to it: a read ends only when it is cancelled
    directory, ///< opens, and can't be read
  };
  std::vector<std::uint8_t> bytes;
  kind is = kind::regular;
  std::vector<std::uint8_t> becomes{}; ///< not empty: what its content is from some moment after the open on
};

/// A simulated disk: files by path, and the descriptors that are open. What isn't there is ENOENT.
class sim_disk {
public:
  void put(std::string path, sim_file file) { files_.insert_or_assign(std::move(path), std::move(file)); }
  [[nodiscard]] const sim_file* find(std::string_view path) const {
    const auto at = files_.find(std::string(path));
    return at != files_.end() ? &at->second : nullptr;
  }

private:
  std::unordered_map<std::string, sim_file> files_;
};

/// Which step of the engine goes wrong, counted from 1; 0: none.
struct sim_io_faults {
  std::uint64_t open = 0;
  std::uint64_t read = 0;
  int error = 0;            ///< the errno of that open or read
  std::uint64_t submit = 0; ///< the hand-over that the kernel refuses for a while
};

} // namespace weir::io
