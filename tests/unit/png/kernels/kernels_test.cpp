#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "../../../conformance/patterns.hpp"
#include "png/kernels/kernels.hpp"

// Every kernel of every set that this processor can run, against the scalar one: all lengths and alignments, in memory of just
// the size that is needed.

using namespace weir::png;
namespace patterns = weir::patterns;

namespace {

using bytes = std::vector<std::uint8_t>;

std::vector<const kernels::set*> others() {
  std::vector<const kernels::set*> sets;
  for (const kernels::set* s : kernels::usable()) {
    if (s != nullptr && s != &kernels::scalar()) {
      sets.push_back(s);
    }
  }
  return sets;
}

bytes noise(std::size_t size, std::uint64_t seed) {
  patterns::noise random(seed);
  bytes b(size);
  // Of few values, or smooth, as often as not: ties and signs of Paeth's distances.
  const std::uint32_t kind = random.next() % 3;
  for (std::size_t i = 0; i < size; ++i) {
    b[i] = static_cast<std::uint8_t>(kind == 0   ? random.next()
                                     : kind == 1 ? (random.next() & 1U) * 255
                                                 : i * 3 + (random.next() & 3U));
  }
  return b;
}

// A page between two that may not be touched: whoever reads or writes past its ends is ended.
class fenced_page {
public:
  fenced_page() {
    void* const three = ::mmap(nullptr, 3 * size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(three != MAP_FAILED);
    begin_ = static_cast<std::uint8_t*>(three) + size_;
    REQUIRE(::mprotect(begin_, size_, PROT_READ | PROT_WRITE) == 0);
  }
  fenced_page(const fenced_page&) = delete;
  fenced_page& operator=(const fenced_page&) = delete;
  ~fenced_page() { ::munmap(begin_ - size_, 3 * size_); }
  [[nodiscard]] std::uint8_t* end() const { return begin_ + size_; }

private:
  std::size_t size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::uint8_t* begin_ = nullptr;
};

// Bytes at an offset back from the end of a page, at which they end without one. Those around them are checked.
class room {
public:
  room(std::size_t offset, const bytes& content) : offset_(offset), size_(content.size()) {
    if (spare().empty()) {
      spare().push_back(std::make_unique<fenced_page>());
    }
    page_ = std::move(spare().back());
    spare().pop_back();
    std::fill(data() - around, page_->end(), mark);
    std::copy(content.begin(), content.end(), data());
  }
  room(room&&) = default;
  ~room() {
    if (page_) {
      spare().push_back(std::move(page_));
    }
  }
  [[nodiscard]] std::uint8_t* data() const { return page_->end() - offset_ - size_; }
  [[nodiscard]] bytes content() const { return {data(), data() + size_}; }
  [[nodiscard]] bool intact() const {
    const auto marked = [](std::uint8_t b) { return b == mark; };
    return std::all_of(data() - around, data(), marked) && std::all_of(data() + size_, page_->end(), marked);
  }

private:
  static constexpr std::uint8_t mark = 0xA5;
  static constexpr std::size_t around = 64;

  static std::vector<std::unique_ptr<fenced_page>>& spare() {
    static std::vector<std::unique_ptr<fenced_page>> pages;
    return pages;
  }

  std::size_t offset_;
  std::size_t size_;
  std::unique_ptr<fenced_page> page_;
};

void check_unfilter(kernels::unfilter expected, kernels::unfilter tested, std::size_t pixel) {
  for (std::size_t pixels = 0; pixels <= 67; ++pixels) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      for (const bool first : {true, false}) {
        const std::size_t before = first ? 0 : pixel;
        const std::size_t size = pixels * pixel;
        room from(offset, noise(size, pixels + offset));
        room above(offset / 2, noise(size + before, pixels * 3 + offset));
        const bytes left = noise(size + before, 99);
        room a(offset, left);
        room b(offset, left);
        expected(a.data() + before, from.data(), above.data() + before, size, first);
        tested(b.data() + before, from.data(), above.data() + before, size, first);
        INFO(pixels << " pixels at " << offset << (first ? " first" : ""));
        REQUIRE(a.content() == b.content());
        REQUIRE(b.intact());
      }
    }
  }
}

void check_two(kernels::unfilter_two expected, kernels::unfilter_two tested, std::size_t pixel) {
  for (std::size_t pixels = 1; pixels <= 67; ++pixels) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      const std::size_t size = pixels * pixel;
      room from(offset, noise(size, pixels + offset));
      room from_below(offset / 3, noise(size, pixels * 5 + offset));
      room above(offset / 2, noise(size, pixels * 3 + offset));
      const bytes any(size, 0x77);
      std::vector<room> a;
      std::vector<room> b;
      for (std::vector<room>* to : {&a, &b}) {
        to->emplace_back(offset, any);
        to->emplace_back(offset / 2, any);
      }
      expected(a[0].data(), a[1].data(), from.data(), from_below.data(), above.data(), size);
      tested(b[0].data(), b[1].data(), from.data(), from_below.data(), above.data(), size);
      INFO(pixels << " pixels at " << offset);
      REQUIRE(a[0].content() == b[0].content());
      REQUIRE(a[1].content() == b[1].content());
      REQUIRE((b[0].intact() && b[1].intact()));
    }
  }
}

// `convert` is called with a kernel, where to and from where, and how many pixels.
template<class Kernel, class Call>
void check_convert(Kernel expected, Kernel tested, std::size_t pixel_from, std::size_t pixel_to, Call call) {
  for (std::size_t pixels = 0; pixels <= 131; ++pixels) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      room from(offset, noise(pixels * pixel_from, pixels + offset));
      room a(offset / 2, bytes(pixels * pixel_to, 7));
      room b(offset / 2, bytes(pixels * pixel_to, 7));
      call(expected, a.data(), from.data(), pixels);
      call(tested, b.data(), from.data(), pixels);
      INFO(pixels << " pixels at " << offset);
      REQUIRE(a.content() == b.content());
      REQUIRE(b.intact());
    }
  }
}

} // namespace

TEST_CASE("every set of kernels undoes filters as scalar does, and touches nothing else") {
  for (const kernels::set* s : others()) {
    const kernels::set& scalar = kernels::scalar();
    for (std::size_t i = 0; i < kernels::pixel_sizes.size(); ++i) {
      const std::size_t pixel = kernels::pixel_sizes.at(i);
      INFO(s->name << ", pixels of " << pixel << " bytes");
      REQUIRE(kernels::size_index(pixel) == i);
      check_unfilter(scalar.sub.at(i), s->sub.at(i), pixel);
      check_unfilter(scalar.up, s->up, pixel);
      check_unfilter(scalar.average.at(i), s->average.at(i), pixel);
      check_unfilter(scalar.paeth.at(i), s->paeth.at(i), pixel);
      if (i < scalar.paeth_two.size()) {
        check_two(scalar.paeth_two.at(i), s->paeth_two.at(i), pixel);
      }
    }
  }
}

TEST_CASE("every set of kernels converts pixels as scalar does, and touches nothing else") {
  const auto plain = [](kernels::convert k, std::uint8_t* to, const std::uint8_t* from, std::size_t n) { k(to, from, n); };
  const auto with_alpha = [](kernels::convert_alpha k, std::uint8_t* to, const std::uint8_t* from, std::size_t n) {
    k(to, from, n, static_cast<std::uint8_t>(n * 37));
  };
  const auto looked_up = [](kernels::expand k, std::uint8_t* to, const std::uint8_t* from, std::size_t n) {
    std::vector<std::uint32_t> colors(256);
    patterns::noise random(5);
    std::generate(colors.begin(), colors.end(), [&random] { return random.next(); });
    k(to, from, n, colors.data());
  };
  for (const kernels::set* s : others()) {
    const kernels::set& scalar = kernels::scalar();
    INFO(s->name);
    check_convert(scalar.gray_to_rgb, s->gray_to_rgb, 1, 3, plain);
    check_convert(scalar.rgb_to_gray, s->rgb_to_gray, 3, 1, plain);
    check_convert(scalar.rgba_to_rgb, s->rgba_to_rgb, 4, 3, plain);
    check_convert(scalar.rgb_to_rgba, s->rgb_to_rgba, 3, 4, with_alpha);
    check_convert(scalar.gray_to_rgba, s->gray_to_rgba, 1, 4, with_alpha);
    check_convert(scalar.palette_to_rgb, s->palette_to_rgb, 1, 3, looked_up);
    check_convert(scalar.palette_to_rgba, s->palette_to_rgba, 1, 4, looked_up);
    check_convert(scalar.high_bytes, s->high_bytes, 2, 1, plain);
    check_convert(scalar.swap, s->swap, 2, 2, plain);
    check_convert(scalar.widen, s->widen, 1, 2, plain);
  }
}
