#include "decoder.hpp"

#include <memory>
#include <stb/stb_image.h>

namespace bench {

void add_stb(std::vector<decoder>& to) {
  decoder d;
  d.name = "stb_image";
  d.version = WEIR_STB_VERSION;
  auto last = std::make_shared<std::unique_ptr<stbi_uc, decltype(&stbi_image_free)>>(nullptr, &stbi_image_free);
  d.forget = [last] { last->reset(); };
  d.decode = [last](const sample& s, std::span<std::byte>) {
    int width = 0;
    int height = 0;
    int channels = 0;
    last->reset();
    last->reset(stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(s.file.data()), static_cast<int>(s.file.size()), &width,
                                      &height, &channels, static_cast<int>(s.channels)));
    return reinterpret_cast<const std::byte*>(last->get());
  };
  to.push_back(std::move(d));
}

} // namespace bench
