#include "image_lists.hpp"

#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "../memory/poison.hpp"

namespace weir::detail {

struct image_lists::storage {
  static storage* make(std::size_t capacity) {
    if (capacity > (std::numeric_limits<std::size_t>::max() - sizeof(storage)) / sizeof(image)) {
      throw std::bad_alloc{};
    }
    return ::new (::operator new(sizeof(storage) + capacity * sizeof(image))) storage{nullptr, capacity};
  }
  static storage* of(image* first) noexcept { return reinterpret_cast<storage*>(first) - 1; }
  [[nodiscard]] image* images() noexcept { return reinterpret_cast<image*>(this + 1); }
  [[nodiscard]] std::size_t bytes() const noexcept { return capacity * sizeof(image); }

  static void free_all(storage* first) noexcept {
    while (first != nullptr) {
      memory::unpoison(first->images(), first->bytes());
      ::operator delete(std::exchange(first, first->next));
    }
  }

  storage* next;
  std::size_t capacity;
};

image_list::~image_list() {
  if (home_ != nullptr) {
    std::destroy_n(first_, size_);
    home_->give_back(first_);
  }
}

image_list image_lists::get(std::size_t capacity) {
  static_assert(alignof(image) <= alignof(storage) && sizeof(storage) % alignof(image) == 0);
  storage* found = nullptr;
  {
    const std::lock_guard hold(lock_);
    found = spares_;
    if (found != nullptr) {
      spares_ = std::exchange(found->next, nullptr);
    }
  }
  if (found != nullptr && found->capacity < capacity) {
    storage::free_all(std::exchange(found, nullptr));
  }
  if (found == nullptr) {
    found = storage::make(capacity);
  } else {
    memory::unpoison(found->images(), found->bytes());
  }
  const std::lock_guard hold(lock_);
  ++out_;
  return {*this, found->images()};
}

// Once it is closed and the lock released, another thread may end the store: nothing of it is touched after that.
void image_lists::give_back(image* first) noexcept {
  storage* const s = storage::of(first);
  bool last = false;
  {
    const std::lock_guard hold(lock_);
    --out_;
    if (!closed_) {
      memory::poison(s->images(), s->bytes());
      s->next = spares_;
      spares_ = s;
      return;
    }
    last = out_ == 0;
  }
  storage::free_all(s);
  if (last) {
    delete this;
  }
}

void image_lists::close() noexcept {
  storage* spares = nullptr;
  bool last = false;
  {
    const std::lock_guard hold(lock_);
    closed_ = true;
    spares = std::exchange(spares_, nullptr);
    last = out_ == 0;
  }
  storage::free_all(spares);
  if (last) {
    delete this;
  }
}

} // namespace weir::detail
