#include "decoder.hpp"
#include "plugin.h"

#include <dlfcn.h>
#include <stdexcept>

namespace bench {

decoder load_plugin(const std::string& path) {
  // Never closed: the decoder lives as long as the program.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    throw std::runtime_error(dlerror());
  const auto name = reinterpret_cast<decltype(&weir_bench_name)>(dlsym(library, "weir_bench_name"));
  const auto run = reinterpret_cast<decltype(&weir_bench_decode)>(dlsym(library, "weir_bench_decode"));
  const auto forget = reinterpret_cast<decltype(&weir_bench_forget)>(dlsym(library, "weir_bench_forget"));
  if (name == nullptr || forget == nullptr || run == nullptr)
    throw std::runtime_error(path + ": not a decoder for bench_decode");
  const std::string told = name();
  decoder d;
  d.name = told.substr(0, told.find('|'));
  d.version = told.substr(told.find('|') + 1);
  d.forget = forget;
  d.decode = [run](const sample& s, std::span<std::byte>) {
    return static_cast<const std::byte*>(run(s.file.data(), s.file.size(), static_cast<int>(s.channels)));
  };
  return d;
}

} // namespace bench
