#include "comparer.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "../../src/memory/poison.hpp"
#include "../../src/png/reference.hpp"
#include "chain.hpp"
#include "reference_decode.h"

namespace weir::conformance {
namespace {

constexpr std::size_t guard = 128; // a multiple of a cache line

bool all_are(std::span<const std::byte> of, std::byte value) {
  return of.empty() || (of[0] == value && std::memcmp(of.data(), of.data() + 1, of.size() - 1) == 0);
}

struct free_aligned {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
};

} // namespace

// Memory with guards before and behind it, which are poison to AddressSanitizer while somebody works in it.
struct comparer::room {
  room(std::size_t size, std::size_t offset, std::byte value)
      : memory(static_cast<std::byte*>(::operator new[](guard + offset + size + guard, std::align_val_t{64}))), fill(value),
        before(memory.get(), guard + offset), inside(before.data() + before.size(), size), behind(inside.data() + size, guard) {
    std::memset(memory.get(), std::to_integer<int>(fill), before.size() + size + guard);
    memory::poison(before.data(), before.size() & ~std::size_t{7});
    memory::poison(behind.data(), behind.size());
  }
  room(room&&) = default;
  room& operator=(room&&) = default;
  ~room() {
    if (memory) {
      open();
    }
  }
  void open() const {
    memory::unpoison(before.data(), before.size());
    memory::unpoison(behind.data(), behind.size());
  }
  [[nodiscard]] bool untouched_outside() const { return all_are(before, fill) && all_are(behind, fill); }

  std::unique_ptr<std::byte[], free_aligned> memory;
  std::byte fill;
  std::span<std::byte> before, inside, behind;
};

struct comparer::run {
  png::decoded result;
  shape s;
  std::size_t stride = 0;
  std::unique_ptr<room> rows;
  std::string trouble; // what was written where nothing may be

  [[nodiscard]] const std::byte* row(std::size_t y) const { return rows->inside.data() + y * stride; }
};

std::string text(const setting& s) {
  return "channels " + std::to_string(s.options.channels) + ", bits " + std::to_string(s.options.bits) + ", segments of " +
         std::to_string(s.segment) + ", gap " + std::to_string(s.gap) + ", offset " + std::to_string(s.offset);
}

counts& counts::operator+=(const counts& other) noexcept {
  comparisons += other.comparisons;
  images += other.images;
  claimed += other.claimed;
  skipped += other.skipped;
  return *this;
}

comparer::run comparer::decode(const memory::segment* input, const png::header& h, const setting& how, const shape& s,
                               png::decoder_choice which) {
  const std::byte fill{static_cast<std::uint8_t>(0xA5 + 0x35 * ++fills_)}; // another one each time: what isn't written differs
  run r;
  r.s = s;
  r.stride = s.row_bytes() + how.gap;
  r.rows = std::make_unique<room>(r.stride * (s.height - 1) + s.row_bytes(), how.offset, fill);
  const room work(png::scratch_bytes(h, how.options), 0, fill);
  {
    const bool none = fills_ % 8 == 0; // then all of it comes from the heap, where a sanitizer sees each block's end
    png::scratch memory(none ? std::span<std::byte>() : std::span(work.inside));
    r.result = decoder_(input, h, how.options, png::surface(r.rows->inside, how.gap == 0 ? 0 : r.stride), memory, which);
    if (memory.arena_used() != 0 || memory.heap_used() != 0) {
      r.trouble = "scratch was not given back";
    }
  }
  work.open();
  r.rows->open();
  if (!work.untouched_outside()) {
    r.trouble = "written outside of the scratch";
  }
  if (!r.rows->untouched_outside()) {
    r.trouble = "written outside of the rows";
  }
  for (std::size_t y = 0; how.gap > 0 && y + 1 < s.height; ++y) {
    if (!all_are({r.row(y) + s.row_bytes(), how.gap}, fill)) {
      r.trouble = "written between the rows";
    }
  }
  return r;
}

namespace {

std::string quoted(const png::decoded& d) {
  switch (d.how) {
  case png::ending::ok: return "an image, warning '" + d.warning + "'";
  case png::ending::failed:
    return std::string(to_string(d.why.where)) + " failed at " + std::to_string(d.why.offset) + ": '" + d.why.message + "'";
  case png::ending::stopped: return "stopped";
  case png::ending::not_claimed: return "not claimed";
  }
  return "nothing";
}

bool same_words(const png::decoded& a, const png::decoded& b) {
  return a.how == b.how && a.warning == b.warning && a.why.where == b.why.where && a.why.message == b.why.message &&
         a.why.offset == b.why.offset;
}

} // namespace

std::string comparer::against_libpng(const bytes& file, const setting& how, const run& ours) const {
  reference_image image;
  reference_decode(file.data(), file.size(), how.options.channels, how.options.bits, &image);
  const std::unique_ptr<reference_image, void (*)(reference_image*)> owned(&image, reference_free);
  const png::decoded& r = ours.result;
  if ((image.ok != 0) != (r.how == png::ending::ok)) {
    return "reference: " + quoted(r) + "; independent: " + (image.ok != 0 ? "an image" : image.message);
  }
  if (image.ok == 0) {
    const bool own_words = r.why.where == stage::header;
    const bool cut = r.why.message.starts_with("truncated") && std::string_view(image.message) == "truncated";
    return own_words || cut || r.why.message == image.message ? ""
                                                              : "reference: " + quoted(r) + "; independent: " + image.message;
  }
  if (ours.s !=
      shape{image.height, image.width, static_cast<std::uint8_t>(image.channels), static_cast<std::uint8_t>(image.bits)}) {
    return "reference and independent: another shape";
  }
  if (r.warning != image.warning) {
    return "reference: " + quoted(r) + "; independent: warning '" + image.warning + "'";
  }
  const std::size_t row = ours.s.row_bytes();
  for (std::size_t y = 0; y < ours.s.height; ++y) {
    if (std::memcmp(ours.row(y), image.bytes + y * row, row) != 0) {
      return "reference and independent: other pixels in row " + std::to_string(y);
    }
  }
  return {};
}

std::string comparer::difference(const bytes& file, const setting& how) {
  ++counts_.comparisons;
  was_image_ = false;
  const chain input(file, how.segment);
  run reference;
  auto parsed = png::parse_header(input.first(), how.options);
  if (auto* bad = std::get_if<png::failure>(&parsed)) {
    reference.result.why = std::move(*bad);
    return against_libpng(file, how, reference);
  }
  const png::header h = std::get<png::header>(parsed);
  shape s = png::output_shape(h, how.options, true);
  if (s.bytes() + how.gap * s.height > largest_) {
    ++counts_.skipped;
    return {};
  }
  if (png::needs_probe(h, how.options)) {
    const room work(png::scratch_bytes(h, how.options), 0, std::byte{0x11});
    png::scratch memory(work.inside);
    png::probed p = png::probe(input.first(), h, how.options, memory, {});
    if (p.how != png::ending::ok) {
      reference.result.how = p.how;
      reference.result.why = std::move(p.why);
      return against_libpng(file, how, reference);
    }
    s = p.output;
    if (const auto found = png::find_transparency(input.first(), h); found && *found != (s.channels == 4)) {
      return std::string("transparency: ") + (*found ? "found" : "not found") + " without libpng, which says otherwise";
    }
  }
  reference = decode(input.first(), h, how, s, png::decoder_choice::reference);
  if (!reference.trouble.empty()) {
    return "reference: " + reference.trouble;
  }
  if (std::string wrong = against_libpng(file, how, reference); !wrong.empty()) {
    return wrong;
  }
  was_image_ = reference.result.how == png::ending::ok;
  counts_.images += was_image_ ? 1 : 0;
  const auto differs_in = [&reference](const run& other) -> std::string {
    if (!other.trouble.empty()) {
      return other.trouble;
    }
    if (!same_words(other.result, reference.result)) {
      return quoted(other.result) + "; reference: " + quoted(reference.result);
    }
    for (std::size_t y = 0; reference.result.how == png::ending::ok && y < other.s.height; ++y) {
      if (std::memcmp(other.row(y), reference.row(y), other.s.row_bytes()) != 0) {
        return "other pixels than the reference in row " + std::to_string(y);
      }
    }
    return {};
  };
  const run fast = decode(input.first(), h, how, s, png::decoder_choice::fast);
  const bool claimed = fast.result.how != png::ending::not_claimed;
  if (std::string wrong = claimed ? differs_in(fast) : fast.trouble; !wrong.empty()) {
    return "fast: " + wrong;
  }
  if (claimed) {
    if (fast.result.how != png::ending::ok) {
      return "fast: it may only say yes, but says " + quoted(fast.result);
    }
    ++counts_.claimed;
  }
  if (std::string wrong = differs_in(decode(input.first(), h, how, s, png::decoder_choice::automatic)); !wrong.empty()) {
    return "automatic: " + wrong;
  }
  return {};
}

} // namespace weir::conformance
