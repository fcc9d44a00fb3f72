#include "stage_set.hpp"

#include "pictures.hpp"
#include <weir/detail/explore.hpp>

namespace weir::explore {

using detail::explore::own_business;

pictures::pictures() {
  using test::color_of;
  using test::one_color;
  for (std::size_t i = 0; i < good; ++i) {
    disk_.put(name(i), {test::with_ballast(one_color(8, 4, color_of(i)), 400 * (i % 4))});
  }
  for (std::size_t i = 20; i < 26; ++i) { // of three shapes
    disk_.put(name(i), {one_color(4 + 4 * static_cast<std::uint32_t>(i % 3), 5, color_of(i))});
  }
  disk_.put(name(40), {one_color(20, 20, color_of(40))});
  disk_.put(name(30), {test::broken_at_its_end(one_color(8, 4, color_of(30)))});
  disk_.put(name(31), {{'n', 'o', ' ', 'p', 'i', 'c', 't', 'u', 'r', 'e'}});
  disk_.put(name(32), {{}, io::sim_file::kind::directory});
  disk_.put(name(33), {{}, io::sim_file::kind::fifo});
  disk_.put(name(34), {test::with_ballast(one_color(8, 4, color_of(34)), 900), io::sim_file::kind::sizeless});
  const auto steady = test::with_ballast(one_color(8, 4, color_of(35)), 1500);
  const auto other = test::with_ballast(one_color(8, 4, color_of(35)), 200);
  disk_.put(name(35), {steady, io::sim_file::kind::regular, {steady.begin(), steady.begin() + 700}}); // cut
  disk_.put(name(36),
            {test::with_ballast(one_color(8, 4, color_of(36)), 200), io::sim_file::kind::regular, steady}); // replaced
  auto grown = test::with_ballast(one_color(8, 4, color_of(37)), 600);
  grown.insert(grown.end(), 1000, 0);
  disk_.put(name(37), {test::with_ballast(one_color(8, 4, color_of(37)), 600), io::sim_file::kind::regular, grown});
}

std::vector<std::string> pictures::paths(std::size_t first, std::size_t last) {
  std::vector<std::string> all;
  for (std::size_t i = first; i < last; ++i) {
    all.push_back(name(i));
  }
  return all;
}

void stage_set::note(const image& im) {
  if (!im.blank()) {
    const std::string_view from = im.origin();
    const std::size_t slash = from.rfind('/');
    const std::size_t file = slash == std::string_view::npos ? im.tag() : std::stoul(std::string(from.substr(slash + 1)));
    if (expected.exact && !test::shows(im, file)) {
      world.violation("an image shows another's pixels, or none's");
    }
  }
  if (!seen_.insert(im.index()).second) {
    world.violation("an image was delivered twice");
  }
  if (expected.ordered && delivered != 0 && im.index() <= last_) {
    world.violation("images out of order");
  }
  last_ = im.index();
  ++delivered;
}

void stage_set::take(const image& im, bool stopping) {
  const own_business ours;
  world.note("image", im.index());
  after_stop += stopping ? 1 : 0;
  note(im);
}

void stage_set::take(const image_batch& b, bool stopping) {
  const own_business ours;
  world.note("batch", b.size());
  after_stop += stopping ? 1 : 0;
  if (short_batch || b.empty()) {
    world.violation("a batch behind one that wasn't full");
  }
  short_batch = expected.batch != 0 && b.size() < expected.batch;
  for (const image& im : b) {
    note(im);
  }
}

const std::vector<scenario>& all_scenarios() {
  static const std::vector<scenario> all = [] {
    std::vector<scenario> s;
    add_pipelines(s);
    add_consumers(s);
    add_structures(s);
    return s;
  }();
  return all;
}

} // namespace weir::explore
