#pragma once

#include <cstddef>
#include <memory>

#include "../loop/sync.hpp"
#include <weir/detail/image_list.hpp>

namespace weir::detail {

/// Storage for the lists of a stream's batches, used again: the heap is needed only as long as there are more lists, or longer
/// ones, than ever before. A list may end on any thread, also after the stream and its runtime: the store then goes with the
/// last of them.
class image_lists {
public:
  struct closer {
    void operator()(image_lists* s) const noexcept { s->close(); }
  };
  using handle = std::unique_ptr<image_lists, closer>;

  /// Throws std::bad_alloc.
  [[nodiscard]] static handle create() { return handle(new image_lists); }
  /// An empty list with room for that many images. Throws std::bad_alloc. Before the close, on one thread.
  [[nodiscard]] image_list get(std::size_t capacity);

private:
  friend class image_list;
  struct storage; // the images are behind it

  image_lists() = default;
  ~image_lists() = default;
  void close() noexcept;
  void give_back(image* first) noexcept;

  sync::mutex lock_; // for what follows
  storage* spares_ = nullptr;
  std::size_t out_ = 0;
  bool closed_ = false;
};

} // namespace weir::detail
