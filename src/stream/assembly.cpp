#include "assembly.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "operations.hpp"

namespace weir::detail {

using state = open_block::cell::state;

std::byte* open_block::at(std::size_t index) const noexcept { return block.data() + index * group->shape.bytes(); }

shape_group* assembly::find(const shape& s) noexcept {
  const auto at = std::find_if(groups_.begin(), groups_.end(), [&](const shape_group& g) { return g.shape == s; });
  return at != groups_.end() ? &*at : nullptr;
}

shape_group& assembly::group(const shape& s, std::size_t capacity) {
  if (shape_group* const g = find(s)) {
    return *g;
  }
  if (spare_groups_.empty()) {
    spare_groups_.emplace_back(*this);
  }
  groups_.splice(groups_.end(), spare_groups_, spare_groups_.begin());
  shape_group& g = groups_.back();
  g.shape = s;
  g.capacity = std::min(capacity, size_);
  return g;
}

void assembly::drop(shape_group& g) noexcept {
  while (!g.blocks.empty()) {
    put_by(take_out(g, g.blocks.size() - 1));
  }
  const auto at = std::find_if(groups_.begin(), groups_.end(), [&](const shape_group& x) { return &x == &g; });
  spare_groups_.splice(spare_groups_.begin(), groups_, at);
}

assembly::assignment assembly::assign(shape_group& g) noexcept {
  // Where it belongs if all that are on their way arrive: see the invariant. In any order: the first free cell.
  const std::size_t place = any_order_ || g.blocks.empty() ? 0 : g.blocks.front()->filled + g.in_flight;
  std::size_t c = place % g.capacity;
  for (std::size_t b = place / g.capacity; b < g.blocks.size(); ++b, c = 0) {
    open_block& block = *g.blocks[b];
    for (; c < g.capacity; ++c) {
      if (block.cells[c].is == state::free) {
        block.cells[c].is = state::assigned;
        ++block.assigned;
        ++g.in_flight;
        return {&block, c, false};
      }
    }
    if (!any_order_) {
      return {}; // assigned to its end, but images of it will move up: its last cells become free, and the next belongs there
    }
  }
  return {nullptr, 0, true};
}

void assembly::add_block(shape_group& g, memory::lease block) {
  assert(block.size() >= g.capacity * g.shape.bytes());
  if (spare_blocks_.empty()) {
    add_spare_blocks(g.capacity);
  }
  open_block& b = *spare_blocks_.back();
  b.cells.resize(g.capacity);
  if (g.blocks.size() == g.blocks.capacity()) {
    g.blocks.reserve(2 * g.blocks.size() + 4);
  }
  b.group = &g;
  b.block = std::move(block);
  g.blocks.push_back(std::move(spare_blocks_.back()));
  spare_blocks_.pop_back();
}

// As many again as there are: how many are open at a time depends on who is faster when.
void assembly::add_spare_blocks(std::size_t cells) {
  const std::size_t all = std::max<std::size_t>(2 * blocks_, 8);
  spare_blocks_.reserve(all);
  while (blocks_ < all) {
    auto b = std::make_unique<open_block>();
    b->cells.reserve(cells);
    spare_blocks_.push_back(std::move(b));
    ++blocks_;
  }
}

std::unique_ptr<open_block> assembly::take_out(shape_group& g, std::size_t block) noexcept {
  std::unique_ptr<open_block> b = std::move(g.blocks[block]);
  g.blocks.erase(g.blocks.begin() + static_cast<std::ptrdiff_t>(block));
  return b;
}

void assembly::put_by(std::unique_ptr<open_block> b) noexcept {
  b->block.reset();
  b->cells.clear();
  b->filled = b->assigned = 0;
  spare_blocks_.push_back(std::move(b));
}

void assembly::unassign(open_block& b, std::size_t cell) noexcept {
  b.cells[cell].is = state::free;
  --b.assigned;
  --b.group->in_flight;
  if (cell_freed != nullptr) {
    cell_freed(cell_freed_argument);
  }
}

void assembly::copy(open_block& from, std::size_t cell, open_block& to, std::size_t to_cell) {
  std::memcpy(to.at(to_cell), from.at(cell), from.group->shape.bytes());
  ++copies_;
}

std::optional<image_batch> assembly::arrive(open_block& b, std::size_t cell, image im, time_point now) {
  shape_group& g = *b.group;
  --b.assigned;
  --g.in_flight;
  open_block& to = any_order_ ? b : *g.blocks.front();
  const std::size_t target = any_order_ ? cell : to.filled;
  if (&to != &b || target != cell) {
    copy(b, cell, to, target);
    b.cells[cell].is = state::free;
    if (cell_freed != nullptr) {
      cell_freed(cell_freed_argument);
    }
  }
  to.cells[target].is = state::filled;
  to.cells[target].im.emplace(im.info(), im.shape(), to.at(target), owner(), im.warning(), im.blank());
  if (to.filled++ == 0) {
    to.first = now;
  }
  if (to.filled < g.capacity) {
    return std::nullopt;
  }
  const auto at = std::find_if(g.blocks.begin(), g.blocks.end(), [&](const auto& x) { return x.get() == &to; });
  return emit(g, static_cast<std::size_t>(at - g.blocks.begin()), now);
}

image_batch assembly::emit(shape_group& g, std::size_t index, time_point now) {
  image_list images = lists_.get(g.capacity);
  std::unique_ptr<open_block> b = take_out(g, index);
  for (open_block::cell& c : b->cells) {
    if (c.is == state::filled) {
      images.push_back(std::move(*c.im));
    }
  }
  std::byte* const data = b->block.data();
  b->block.hold_by_user();
  image_batch batch(std::move(images), data, own(std::move(b->block)), now - b->first);
  put_by(std::move(b));
  if (g.blocks.empty()) {
    drop(g);
  } else if (index == 0) {
    const auto at = std::find_if(groups_.begin(), groups_.end(), [&](const shape_group& x) { return &x == &g; });
    groups_.splice(groups_.end(), groups_, at);
  }
  return batch;
}

// In any order: images move from the last blocks into the holes of the first ones.
void assembly::compact(shape_group& g) {
  std::size_t to_block = 0;
  std::size_t to_cell = 0;
  for (auto& from : g.blocks) {
    for (std::size_t c = 0; c < from->cells.size(); ++c) {
      if (from->cells[c].is != state::filled) {
        continue;
      }
      open_block& to = *g.blocks[to_block];
      if (&to != from.get() || to_cell != c) {
        copy(*from, c, to, to_cell);
        image& im = *from->cells[c].im;
        to.cells[to_cell].is = state::filled;
        to.cells[to_cell].im.emplace(im.info(), im.shape(), to.at(to_cell), owner(), im.warning(), im.blank());
        if (to.filled++ == 0) {
          to.first = from->first;
        }
        from->cells[c].is = state::free;
        from->cells[c].im.reset();
        --from->filled;
      }
      to_block += ++to_cell == g.capacity ? 1 : 0;
      to_cell %= g.capacity;
    }
  }
}

std::optional<image_batch> assembly::close_oldest(time_point now, bool full_only) {
  for (auto at = groups_.begin(); at != groups_.end();) {
    shape_group& g = *at++;
    if (g.in_flight != 0) {
      continue;
    }
    if (any_order_) {
      compact(g);
    }
    while (!g.blocks.empty() && g.blocks.back()->filled == 0) {
      put_by(take_out(g, g.blocks.size() - 1));
    }
    if (g.blocks.empty()) {
      drop(g);
    } else if (!full_only || g.blocks.front()->filled == g.capacity) {
      return emit(g, 0, now);
    }
  }
  return std::nullopt;
}

} // namespace weir::detail
