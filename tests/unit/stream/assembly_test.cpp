#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "memory/pool.hpp"
#include "stream/assembly.hpp"

using weir::detail::assembly;
using weir::detail::open_block;
using weir::detail::shape_group;

namespace {

constexpr weir::shape small{1, 1, 4, 8}; // 4 bytes: room for a number
constexpr weir::shape large{2, 1, 4, 8};
const weir::detail::time_point now{};

/// An assembly over a pool, and what a correct one would deliver.
class bench {
public:
  bench(std::size_t size, bool any_order) : size_(size), any_order_(any_order), assembly_(size, any_order, *lists_) {
    assembly_.cell_freed = [](void* freed) noexcept { ++*static_cast<std::size_t*>(freed); };
    assembly_.cell_freed_argument = &freed_;
  }

  struct flight {
    std::uint32_t number;
    weir::shape shape;
    open_block* block;
    std::size_t cell;
  };

  /// Places the next image, as a decode would; false if it would have to wait for a cell.
  bool place(const weir::shape& s) {
    for (;;) {
      shape_group& g = assembly_.group(s, size_);
      const assembly::assignment a = assembly_.assign(g);
      if (a.block != nullptr) {
        const auto* const at = a.block->at(a.cell);
        REQUIRE(std::none_of(in_flight_.begin(), in_flight_.end(), [&](const flight& f) { return f.block->at(f.cell) == at; }));
        REQUIRE(arrived_at_.count(at) == 0);
        in_flight_.push_back({next_++, s, a.block, a.cell});
        write(in_flight_.back());
        return true;
      }
      if (!a.wants_block) {
        return false;
      }
      weir::memory::lease l;
      REQUIRE(pool_.try_acquire(s.bytes() * g.capacity, l) == weir::memory::acquisition::granted);
      assembly_.add_block(g, std::move(l));
    }
  }

  void arrive(std::size_t which) {
    const flight f = in_flight_[which];
    in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
    weir::item_info info;
    info.index = f.number;
    const std::size_t copies = assembly_.copies();
    auto batch = assembly_.arrive(*f.block, f.cell, weir::image(info, f.shape, nullptr, {}, {}), now);
    std::deque<std::uint32_t>& wanted = waiting_[f.shape.height];
    wanted.push_back(f.number);
    REQUIRE(batch.has_value() == (any_order_ ? batch.has_value() : wanted.size() == size_));
    if (any_order_) {
      REQUIRE(assembly_.copies() == copies);
    }
    if (batch) {
      REQUIRE(batch->size() == size_);
      check(std::move(*batch), f.shape);
    }
    forget_delivered_cells();
  }
  void fail(std::size_t which) {
    const flight f = in_flight_[which];
    in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
    const std::size_t before = freed_;
    assembly_.unassign(*f.block, f.cell);
    REQUIRE(freed_ == before + 1);
  }
  void finish() {
    while (!in_flight_.empty()) {
      arrive(0);
    }
    while (auto batch = assembly_.close_oldest(now)) {
      REQUIRE(batch->size() <= size_);
      const weir::shape s = (*batch)[0].shape();
      check(std::move(*batch), s);
    }
    for (const auto& group : waiting_) {
      REQUIRE(group.second.empty());
    }
    REQUIRE(pool_.usage().leases == 0);
  }

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] bool oldest_of_its_shape(std::size_t which) const {
    return std::none_of(in_flight_.begin(), in_flight_.begin() + static_cast<std::ptrdiff_t>(which),
                        [&](const flight& f) { return f.shape == in_flight_[which].shape; });
  }
  [[nodiscard]] const assembly& tested() const noexcept { return assembly_; }

private:
  static void write(const flight& f) {
    std::byte* const at = f.block->at(f.cell);
    for (std::size_t i = 0; i < f.shape.bytes(); i += 4) {
      std::memcpy(at + i, &f.number, 4);
    }
  }
  /// The pixels are the image's own, in one block, without a gap, in order.
  void check(weir::image_batch batch, const weir::shape& s) {
    std::deque<std::uint32_t>& wanted = waiting_[s.height];
    const weir::tensor_view t = batch.tensor();
    REQUIRE(t.count == batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto number = static_cast<std::uint32_t>(batch[i].index());
      if (any_order_) {
        const auto at = std::find(wanted.begin(), wanted.end(), number);
        REQUIRE(at != wanted.end());
        wanted.erase(at);
      } else {
        REQUIRE(number == wanted.front());
        wanted.pop_front();
      }
      REQUIRE(batch[i].pixels().data() == t.data + i * s.bytes());
      for (std::size_t b = 0; b < s.bytes(); b += 4) {
        std::uint32_t found = 0;
        std::memcpy(&found, t.data + i * s.bytes() + b, 4);
        REQUIRE(found == number);
      }
    }
  }
  // Which cells hold images that have arrived and not been delivered, as the assembly itself has them: they must never be
  // assigned again.
  void forget_delivered_cells() {
    arrived_at_.clear();
    for (const weir::shape& s : {small, large}) {
      if (const shape_group* const g = assembly_.find(s)) {
        for (const auto& b : g->blocks) {
          for (std::size_t c = 0; c < b->cells.size(); ++c) {
            if (b->cells[c].is == open_block::cell::state::filled) {
              arrived_at_.insert(b->at(c));
            }
          }
        }
      }
    }
  }

  std::size_t size_;
  bool any_order_;
  std::size_t freed_ = 0;
  weir::memory::pool pool_{std::uint64_t{1} << 20, nullptr, nullptr};
  const weir::detail::image_lists::handle lists_ = weir::detail::image_lists::create();
  assembly assembly_;
  std::uint32_t next_ = 1;
  std::deque<flight> in_flight_;
  std::map<std::uint32_t, std::deque<std::uint32_t>> waiting_; // arrived and not delivered, by the shape's height
  std::set<const std::byte*> arrived_at_;
};

void random_life(bench& b, std::mt19937& random, bool any_order, bool two_shapes) {
  auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (int step = 0; step < 300; ++step) {
    const bool placed = below(2) == 0 && b.in_flight() < 20 && b.place(two_shapes && below(3) == 0 ? large : small);
    if (placed || b.in_flight() == 0) {
      continue;
    }
    const std::size_t which = below(b.in_flight());
    if (below(4) == 0) {
      b.fail(which);
    } else if (any_order) {
      b.arrive(which);
    } else { // in the order of the input, of all shapes
      b.arrive(0);
    }
  }
  b.finish();
}

} // namespace

TEST_CASE("whatever fails, images in order fill batches in order, in one block without gaps") {
  const bool two_shapes = GENERATE(false, true);
  const std::size_t size = GENERATE(1, 2, 3, 4, 7);
  for (unsigned seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed << ", batches of " << size);
    std::mt19937 random(seed);
    bench b(size, false);
    random_life(b, random, false, two_shapes);
  }
}

TEST_CASE("whatever fails and in whatever order images are done, each is delivered once, with its own pixels") {
  const bool two_shapes = GENERATE(false, true);
  const std::size_t size = GENERATE(1, 2, 3, 4, 7);
  for (unsigned seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed << ", batches of " << size);
    std::mt19937 random(seed);
    bench b(size, true);
    random_life(b, random, true, two_shapes);
  }
}

TEST_CASE("images in order without failures are never copied") {
  for (const std::size_t size : {1U, 3U, 4U}) {
    std::mt19937 random(7);
    bench b(size, false);
    for (int step = 0; step < 200; ++step) {
      if (random() % 2 == 0 && b.in_flight() < 10) {
        REQUIRE(b.place(small));
      } else if (b.in_flight() != 0) {
        b.arrive(0);
      }
    }
    b.finish();
    CHECK(b.tested().copies() == 0);
  }
}

TEST_CASE("an image that fails late costs one copy for each image that is already on its way behind it in the batch") {
  bench b(4, false);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(b.place(small));
  }
  b.fail(1);
  b.arrive(0);
  CHECK(b.tested().copies() == 0);
  b.arrive(0); // the third goes into the second cell
  CHECK(b.tested().copies() == 1);
  b.arrive(0);
  CHECK(b.tested().copies() == 2);
  REQUIRE(b.place(small)); // into the last cell at once
  b.arrive(0);
  CHECK(b.tested().copies() == 2);
  b.finish();
}

TEST_CASE("an image that finds the cell where it belongs taken by one that will move up waits, and wants no block") {
  bench b(4, false);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(b.place(small));
  }
  b.fail(1);
  CHECK_FALSE(b.place(small)); // the last cell is the fourth image's, until that has moved
  b.arrive(0);
  b.arrive(0);
  b.arrive(0);
  CHECK(b.place(small));
  b.finish();
}

TEST_CASE("closing the oldest gives up blocks in which every image has failed") {
  weir::memory::pool pool(1 << 16, nullptr, nullptr);
  const weir::detail::image_lists::handle lists = weir::detail::image_lists::create();
  assembly a(4, false, *lists);
  shape_group& g = a.group(small, 4);
  weir::memory::lease l;
  REQUIRE(pool.try_acquire(4 * small.bytes(), l) == weir::memory::acquisition::granted);
  a.add_block(g, std::move(l));
  const assembly::assignment to = a.assign(g);
  REQUIRE(to.block != nullptr);
  CHECK_FALSE(a.close_oldest(now)); // it is on its way
  CHECK(pool.usage().leases == 1);
  a.unassign(*to.block, to.cell);
  CHECK_FALSE(a.close_oldest(now));
  CHECK(pool.usage().leases == 0);
}
