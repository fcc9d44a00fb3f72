#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "patience.hpp"

namespace cli {

/// A list (@FILE or -) that can't be read, or that holds a NUL byte: bad configuration, not a bad input.
struct list_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct input_list {
  std::vector<std::string> paths;
  bool complete = true; ///< false: patience ended first, and `paths` is what was found by then
};

/// The files that the command line's PATHs come to, in their order; bytes of names are kept as they are. Blocks, but gives up
/// when patience ends, also while a list's writer keeps it waiting.
///
/// - A directory is searched, however deep, hidden entries too. What is in it counts by its name: *.png in any case; but a
///   directory is searched whatever its name. Symbolic links to files count, those to directories don't and aren't followed
///   (a PATH that is itself such a link is). Its files are sorted by the bytes of their full path.
/// - A directory that can't be listed is an input itself: reading it then fails like any other file that can't be read, instead
///   of its images being left out in silence.
/// - A list has a path a line, taken as it is (relative to the working directory); a directory in it is searched. Empty lines
///   are passed over.
/// - Everything else is an input by that path, whether or not it exists.
///
/// Throws list_error.
[[nodiscard]] input_list expand(const std::vector<std::string>& paths, const patience& limit);

/// Whether a name is *.png in any case.
[[nodiscard]] bool has_png_name(const std::string& name) noexcept;

} // namespace cli
