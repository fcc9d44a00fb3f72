#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "../memory/lease.hpp"
#include "image_lists.hpp"
#include <weir/detail/context.hpp>
#include <weir/image_batch.hpp>

namespace weir::detail {

class assembly;
struct shape_group;

/// A batch in the making: one block, a cell for each image.
struct open_block {
  struct cell {
    enum class state : unsigned char { free, assigned, filled };
    state is = state::free;
    std::optional<image> im; // when filled
  };
  [[nodiscard]] std::byte* at(std::size_t index) const noexcept;

  shape_group* group = nullptr;
  memory::lease block;
  std::vector<cell> cells;
  std::size_t filled = 0;   // in order: cells [0, filled)
  std::size_t assigned = 0; // cells that are being decoded into
  time_point first{};       // when its first image arrived
};

/// The open batches of one shape, oldest first.
struct shape_group {
  explicit shape_group(assembly& a) noexcept : parent(a) {}
  assembly& parent;
  weir::shape shape{};
  std::size_t capacity = 0; // images a block
  std::vector<std::unique_ptr<open_block>> blocks;
  std::size_t in_flight = 0; // assigned and not arrived: of all blocks
};

/// Which image goes where in batches of one block each.
///
/// Images are assigned cells in the order of the input, before they are decoded; they arrive in that order, or (`any_order`) as
/// they are done. In order, the i-th arrival of a group belongs into cell i of its oldest block. Invariant: every image's cell
/// is at or behind the cell into which it belongs, and that one is free or its own when it arrives. For cells are assigned at
/// or behind the place that an image would have if all before it arrived; and images that fail, or are left out, only move that
/// forward. So what is behind a failed image moves up by a copy, at its arrival; an image that is assigned later gets its right
/// place at once, if that is free by then, or waits. In any order, an image stays where it is, and a freed cell is assigned
/// again first.
///
/// Groups and open blocks are used again, so that in steady state the heap isn't touched.
class assembly {
public:
  assembly(std::size_t size, bool any_order, image_lists& lists) noexcept : lists_(lists), size_(size), any_order_(any_order) {}
  assembly(const assembly&) = delete;
  assembly& operator=(const assembly&) = delete;

  void expect_any_order() noexcept { any_order_ = true; }

  /// The group of a shape, made if there is none.
  shape_group& group(const shape& s, std::size_t capacity);
  [[nodiscard]] shape_group* find(const shape& s) noexcept;
  /// A free cell for the next image, now assigned: null data if there is none. `wants_block`: a further block would give one.
  struct assignment {
    open_block* block = nullptr;
    std::size_t cell = 0;
    bool wants_block = false;
  };
  assignment assign(shape_group& g) noexcept;
  void add_block(shape_group& g, memory::lease block);
  /// What was assigned and will not arrive.
  void unassign(open_block& b, std::size_t cell) noexcept;

  /// An image has been decoded into its cell. Returns the batch that it completes.
  std::optional<image_batch> arrive(open_block& b, std::size_t cell, image im, time_point now);
  /// The oldest group's oldest images, if any are there and none is on its way. `full_only`: only as many as make a batch.
  /// Gives blocks up in which every image has failed.
  std::optional<image_batch> close_oldest(time_point now, bool full_only = false);
  /// Removes a group that holds no image.
  void drop(shape_group& g) noexcept;

  [[nodiscard]] std::uint64_t copies() const noexcept { return copies_; }

  /// Called when a cell has become free.
  void (*cell_freed)(void*) noexcept = nullptr;
  void* cell_freed_argument = nullptr;

private:
  void copy(open_block& from, std::size_t cell, open_block& to, std::size_t to_cell);
  image_batch emit(shape_group& g, std::size_t block, time_point now);
  void compact(shape_group& g);
  void add_spare_blocks(std::size_t cells);
  std::unique_ptr<open_block> take_out(shape_group& g, std::size_t block) noexcept;
  void put_by(std::unique_ptr<open_block> b) noexcept;

  image_lists& lists_;
  std::size_t size_;
  bool any_order_;
  std::list<shape_group> groups_; // the one whose oldest block is oldest first
  std::list<shape_group> spare_groups_;
  std::vector<std::unique_ptr<open_block>> spare_blocks_; // has room for every block that there is
  std::size_t blocks_ = 0;                                // that there are, spare or not
  std::uint64_t copies_ = 0;
};

} // namespace weir::detail
