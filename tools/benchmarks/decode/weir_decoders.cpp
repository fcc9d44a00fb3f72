#include "../weir_job.hpp"
#include "decoder.hpp"

#include <memory>

namespace bench {
namespace {

using weir::png::decoder_choice;

constexpr weir::png_options options{.channels = 0, .bits = 8};

bool run(plain::weir_job& j, const sample& s, std::span<std::byte> into, decoder_choice which) {
  return j.shape_of(s.file) && j.decode(s.file, into, which) == weir::png::ending::ok;
}

decoder make(const std::string& name, decoder_choice which) {
  decoder d;
  d.name = name;
  d.version = WEIR_VERSION;
  auto j = std::make_shared<plain::weir_job>(options);
  d.lent = [j](const sample& s) {
    (void)j->shape_of(s.file);
    return s.bytes() + j->scratch_size();
  };
  d.decode = [j, which](const sample& s, std::span<std::byte> into) { return run(*j, s, into, which) ? into.data() : nullptr; };
  return d;
}

} // namespace

void add_weir(std::vector<decoder>& to) {
  to.push_back(make("weir", decoder_choice::automatic));
  to.push_back(make("weir reference", decoder_choice::reference));
}

bool fast_claims(const sample& s) {
  plain::weir_job j(options);
  std::vector<std::byte> pixels(s.bytes());
  return run(j, s, pixels, decoder_choice::fast);
}

std::optional<sample> make_sample(std::vector<std::byte> file) {
  sample s;
  s.file = std::move(file);
  plain::weir_job j(options);
  const auto shape = j.shape_of(s.file);
  if (!shape)
    return std::nullopt;
  s.width = j.header().width;
  s.height = j.header().height;
  s.channels = static_cast<unsigned>(shape->channels);
  s.transparent_palette = j.header().has_palette() && s.channels == 4;
  s.depth = j.header().bit_depth;
  std::vector<std::byte> pixels(s.bytes());
  if (!run(j, s, pixels, decoder_choice::reference))
    return std::nullopt;
  return s;
}

} // namespace bench
