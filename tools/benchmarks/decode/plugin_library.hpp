#pragma once

#include <string>

#include "plugin.h"

namespace bench {

/// A decoder in a shared library (plugin.h). The library is never closed: the pointers are good as long as the program runs.
struct plugin_library {
  std::string name;
  std::string version;
  decltype(&weir_bench_decode) decode = nullptr;
  decltype(&weir_bench_forget) forget = nullptr;
};

/// Throws std::runtime_error with the reason why it can't be loaded.
[[nodiscard]] plugin_library open_plugin(const std::string& path);

} // namespace bench
