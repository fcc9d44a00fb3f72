#include "plugin_library.hpp"

#include <dlfcn.h>
#include <stdexcept>

namespace bench {

plugin_library open_plugin(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    throw std::runtime_error(dlerror());
  const auto name = reinterpret_cast<decltype(&weir_bench_name)>(dlsym(library, "weir_bench_name"));
  plugin_library found;
  found.decode = reinterpret_cast<decltype(&weir_bench_decode)>(dlsym(library, "weir_bench_decode"));
  found.forget = reinterpret_cast<decltype(&weir_bench_forget)>(dlsym(library, "weir_bench_forget"));
  if (name == nullptr || found.decode == nullptr || found.forget == nullptr)
    throw std::runtime_error(path + ": not a decoder for benchmarks");
  const std::string told = name();
  found.name = told.substr(0, told.find('|'));
  found.version = told.substr(told.find('|') + 1);
  return found;
}

} // namespace bench
