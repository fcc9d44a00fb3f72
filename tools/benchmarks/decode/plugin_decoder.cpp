#include "decoder.hpp"
#include "plugin_library.hpp"

namespace bench {

decoder load_plugin(const std::string& path) {
  const plugin_library library = open_plugin(path);
  decoder d;
  d.name = library.name;
  d.version = library.version;
  d.forget = library.forget;
  d.decode = [run = library.decode](const sample& s, std::span<std::byte>) {
    return static_cast<const std::byte*>(run(s.file.data(), s.file.size(), static_cast<int>(s.channels)));
  };
  return d;
}

} // namespace bench
