#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
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
  [[nodiscard]] std::uint8_t* begin() const { return begin_; }
  [[nodiscard]] std::uint8_t* end() const { return begin_ + size_; }

private:
  std::size_t size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::uint8_t* begin_ = nullptr;
};

// Bytes at an offset from the begin of a page, or back from its end: without one they stand at it. Those around them are
// checked.
enum class edge : std::uint8_t { begin, end };

class room {
public:
  room(edge of, std::size_t offset, const bytes& content) : size_(content.size()) {
    if (spare().empty()) {
      spare().push_back(std::make_unique<fenced_page>());
    }
    page_ = std::move(spare().back());
    spare().pop_back();
    data_ = of == edge::begin ? page_->begin() + offset : page_->end() - offset - size_;
    std::fill(before(), behind(), mark);
    std::copy(content.begin(), content.end(), data());
  }
  room(room&&) = default;
  ~room() {
    if (page_) {
      spare().push_back(std::move(page_));
    }
  }
  [[nodiscard]] std::uint8_t* data() const { return data_; }
  [[nodiscard]] bytes content() const { return {data(), data() + size_}; }
  [[nodiscard]] bool intact() const {
    const auto marked = [](std::uint8_t b) { return b == mark; };
    return std::all_of(before(), data(), marked) && std::all_of(data() + size_, behind(), marked);
  }

private:
  static constexpr std::uint8_t mark = 0xA5;
  static constexpr std::ptrdiff_t around = 64;

  [[nodiscard]] std::uint8_t* before() const { return data_ - std::min(around, data_ - page_->begin()); }
  [[nodiscard]] std::uint8_t* behind() const {
    return data_ + size_ + std::min(around, page_->end() - data_ - static_cast<std::ptrdiff_t>(size_));
  }
  static std::vector<std::unique_ptr<fenced_page>>& spare() {
    static std::vector<std::unique_ptr<fenced_page>> pages;
    return pages;
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_;
  std::unique_ptr<fenced_page> page_;
};

void check_unfilter(kernels::unfilter expected, kernels::unfilter tested, std::size_t pixel) {
  for (std::size_t pixels = 0; pixels <= 67; ++pixels) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      for (const bool first : {true, false}) {
        const edge of = (offset + (first ? 1 : 0) + pixels) % 2 == 0 ? edge::begin : edge::end;
        const std::size_t before = first ? 0 : pixel;
        const std::size_t size = pixels * pixel;
        room from(of, offset, noise(size, pixels + offset));
        room above(of, offset / 2, noise(size + before, pixels * 3 + offset));
        const bytes left = noise(size + before, 99);
        room a(of, offset, left);
        room b(of, offset, left);
        expected(a.data() + before, from.data(), above.data() + before, size, first);
        tested(b.data() + before, from.data(), above.data() + before, size, first);
        INFO(pixels << " pixels at " << offset << (first ? " first" : ""));
        REQUIRE(a.content() == b.content());
        REQUIRE(b.intact());
      }
    }
  }
}

void check_rows(kernels::unfilter_rows expected, kernels::unfilter_rows tested, std::size_t pixel) {
  for (std::size_t pixels = 1; pixels <= 67; ++pixels) {
    for (std::size_t count = 1; count <= kernels::rows_together.at(kernels::size_index(pixel)); ++count) {
      const std::size_t size = pixels * pixel;
      const std::size_t offset = (pixels * 5 + count * 3) % 16;
      const edge of = pixels % 2 == 0 ? edge::begin : edge::end;
      room above(of, offset / 2, noise(size, pixels * 3 + count));
      std::vector<room> from;
      std::vector<room> a;
      std::vector<room> b;
      std::array<kernels::row, kernels::most_rows> rows_a;
      std::array<kernels::row, kernels::most_rows> rows_b;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = (offset + i * pixel) % 16;
        from.emplace_back(of, at, noise(size, pixels + i * 11));
        a.emplace_back(of, at / 2, bytes(size, 0x77));
        b.emplace_back(of, at / 2, bytes(size, 0x77));
        rows_a.at(i) = {a[i].data(), from[i].data()};
        rows_b.at(i) = {b[i].data(), from[i].data()};
      }
      expected(rows_a.data(), count, above.data(), size);
      tested(rows_b.data(), count, above.data(), size);
      for (std::size_t i = 0; i < count; ++i) {
        INFO(pixels << " pixels, row " << i << " of " << count);
        REQUIRE(a[i].content() == b[i].content());
        REQUIRE(b[i].intact());
      }
    }
  }
}

// As the specification has it.
int predictor(int left, int above, int corner) {
  const int p = left + above - corner;
  const int to_left = std::abs(p - left);
  const int to_above = std::abs(p - above);
  const int to_corner = std::abs(p - corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

// Rows in which each even pixel has one value, and each byte of an odd one has another: next to each other (left), and in rows
// one below the other (above, corner), all combinations of three come to be.
bytes striped(std::size_t pixel, int value) {
  bytes b;
  for (int each = 0; each < 256; each += static_cast<int>(pixel)) {
    b.insert(b.end(), pixel, static_cast<std::uint8_t>(value));
    for (std::size_t i = 0; i < pixel; ++i) {
      b.push_back(static_cast<std::uint8_t>(each + static_cast<int>(i)));
    }
  }
  return b;
}

bytes filtered(const bytes& row, const bytes& above, std::size_t pixel) {
  bytes b(row.size());
  for (std::size_t i = 0; i < b.size(); ++i) {
    const int p = i < pixel ? above[i] : predictor(row[i - pixel], above[i], above[i - pixel]);
    b[i] = static_cast<std::uint8_t>(row[i] - p);
  }
  return b;
}

// Rows that are striped with `even` in turn with others, from `odd` on.
void check_combinations(const kernels::set& s, std::size_t pixel, const std::vector<bytes>& stripes, int even, int odd) {
  const std::size_t index = kernels::size_index(pixel);
  const std::size_t count = kernels::rows_together.at(index);
  const std::size_t size = stripes[0].size();
  std::vector<bytes> from;
  std::vector<bytes> made(count, bytes(size));
  std::array<kernels::row, kernels::most_rows> rows;
  const auto stripe = [&](std::size_t row) -> const bytes& {
    return stripes.at(static_cast<std::size_t>(row % 2 == 0 ? even : (odd + static_cast<int>(row) / 2) % 256));
  };
  for (std::size_t i = 0; i < count; ++i) {
    from.push_back(filtered(stripe(i + 1), stripe(i), pixel));
    rows.at(i) = {made[i].data(), from[i].data()};
  }
  s.paeth_rows.at(index)(rows.data(), count, stripe(0).data(), size);
  bool equal = true;
  for (std::size_t i = 0; i < count; ++i) {
    equal = equal && made[i] == stripe(i + 1);
    s.paeth.at(index)(made[i].data(), from[i].data(), stripe(i).data(), size, true);
    equal = equal && made[i] == stripe(i + 1);
  }
  INFO(even << " " << odd);
  REQUIRE(equal);
}

// `convert` is called with a kernel, where to and from where, and how many pixels.
template<class Kernel, class Call>
void check_convert(Kernel expected, Kernel tested, std::size_t pixel_from, std::size_t pixel_to, Call call) {
  for (std::size_t pixels = 0; pixels <= 131; ++pixels) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      const edge of = (offset + pixels) % 2 == 0 ? edge::begin : edge::end;
      room from(of, offset, noise(pixels * pixel_from, pixels + offset));
      room a(of, offset / 2, bytes(pixels * pixel_to, 7));
      room b(of, offset / 2, bytes(pixels * pixel_to, 7));
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
      check_rows(scalar.paeth_rows.at(i), s->paeth_rows.at(i), pixel);
    }
  }
}

TEST_CASE("every set of kernels finds the Paeth predictor of every three bytes, in one row and in several") {
  for (const kernels::set* s : kernels::usable()) {
    for (const std::size_t pixel : {1U, 4U}) {
      if (s == nullptr || (pixel == 4 && s == &kernels::scalar())) {
        continue;
      }
      INFO(s->name << ", pixels of " << pixel << " bytes");
      std::vector<bytes> stripes;
      for (int value = 0; value < 256; ++value) {
        stripes.push_back(striped(pixel, value));
      }
      const auto step = static_cast<int>(kernels::rows_together.at(kernels::size_index(pixel))) / 2;
      for (int even = 0; even < 256; ++even) {
        for (int odd = even / step * step; odd < 256; odd += step) { // the other half comes in the other order
          check_combinations(*s, pixel, stripes, even, odd);
        }
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
