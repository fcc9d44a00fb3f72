#include "decoder.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <variant>

#include "memory/segment.hpp"
#include "png/decode.hpp"
#include "png/header.hpp"
#include "png/reference.hpp"
#include "png/scratch.hpp"

namespace bench {
namespace {

using namespace weir::png;

constexpr weir::png_options options{.channels = 0, .bits = 8};

/// What a job of the pipeline has: the file in segments as they are read, scratch, and a stop flag that is looked at.
struct job {
  std::vector<weir::memory::segment> chain;
  std::vector<std::byte> memory;
  std::atomic<bool> own_stop{false};
  std::atomic<bool> root_stop{false};

  const weir::memory::segment* input(const sample& s) {
    // Not a copy: the segments' bytes are the file's.
    auto* bytes = const_cast<std::byte*>(s.file.data());
    chain.clear();
    for (std::size_t at = 0; at < s.file.size(); at += weir::memory::segment_bytes) {
      const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(weir::memory::segment_bytes, s.file.size() - at));
      chain.push_back({bytes + at, size, size, nullptr});
    }
    for (std::size_t i = 1; i < chain.size(); ++i)
      chain[i - 1].next = &chain[i];
    return chain.empty() ? nullptr : chain.data();
  }

  std::span<std::byte> scratch_for(const header& h) {
    const std::size_t size = scratch_bytes(h, options);
    if (memory.size() < size)
      memory.resize(size);
    return {memory.data(), size};
  }
};

ending run(job& j, const sample& s, std::span<std::byte> into, decoder_choice which) {
  const weir::memory::segment* input = j.input(s);
  const auto parsed = parse_header(input, options);
  const auto* h = std::get_if<header>(&parsed);
  if (h == nullptr)
    return ending::failed;
  const weir::stop_flag stop(&j.own_stop, &j.root_stop);
  scratch memory(j.scratch_for(*h));
  if (needs_probe(*h, options))
    if (const auto found = probe(input, *h, options, memory, stop); found.how != ending::ok)
      return found.how;
  return decode(input, *h, options, into, memory, stop, which).how;
}

decoder make(const std::string& name, decoder_choice which) {
  decoder d;
  d.name = name;
  d.version = WEIR_VERSION;
  auto j = std::make_shared<job>();
  d.lent = [j](const sample& s) {
    const auto parsed = parse_header(j->input(s), options);
    return s.bytes() + scratch_bytes(std::get<header>(parsed), options);
  };
  d.decode = [j, which](const sample& s, std::span<std::byte> into) {
    return run(*j, s, into, which) == ending::ok ? into.data() : nullptr;
  };
  return d;
}

} // namespace

void add_weir(std::vector<decoder>& to) {
  to.push_back(make("weir", decoder_choice::automatic));
  to.push_back(make("weir reference", decoder_choice::reference));
}

bool fast_claims(const sample& s) {
  job j;
  std::vector<std::byte> pixels(s.bytes());
  return run(j, s, pixels, decoder_choice::fast) == ending::ok;
}

std::optional<sample> make_sample(std::vector<std::byte> file) {
  sample s;
  s.file = std::move(file);
  job j;
  const auto parsed = parse_header(j.input(s), options);
  const auto* h = std::get_if<header>(&parsed);
  if (h == nullptr)
    return std::nullopt;
  weir::shape shape = output_shape(*h, options);
  if (needs_probe(*h, options)) {
    scratch memory(j.scratch_for(*h));
    const auto found = probe(j.input(s), *h, options, memory, {});
    if (found.how != ending::ok)
      return std::nullopt;
    shape = found.output;
  }
  s.width = h->width;
  s.height = h->height;
  s.channels = static_cast<unsigned>(shape.channels);
  s.transparent_palette = h->has_palette() && s.channels == 4;
  s.depth = h->bit_depth;
  std::vector<std::byte> pixels(s.bytes());
  if (run(j, s, pixels, decoder_choice::reference) != ending::ok)
    return std::nullopt;
  return s;
}

} // namespace bench
