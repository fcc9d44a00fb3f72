#include "scratch.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <new>

namespace weir::png {

// Stands before its bytes. Doubly linked, so that a block leaves in constant time.
struct alignas(scratch::alignment) scratch::heap_block {
  heap_block* previous;
  heap_block* next;
  std::size_t size;
};
static_assert(scratch::alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

scratch::scratch(std::span<std::byte> memory, std::size_t heap_limit) noexcept : heap_limit_(heap_limit) {
  void* start = memory.data();
  std::size_t left = memory.size();
  if (start != nullptr && std::align(alignment, 1, start, left) != nullptr) {
    base_ = static_cast<std::byte*>(start);
    size_ = left & ~(alignment - 1);
  }
}

void* scratch::allocate(std::size_t size) noexcept {
  size = std::max<std::size_t>(size, 1); // so that every block has an address of its own, inside
  if (size > size_ - used_) {
    return allocate_from_heap(size);
  }
  newest_ = used_;
  used_ += (size + alignment - 1) & ~(alignment - 1);
  return base_ + newest_;
}

void* scratch::allocate_from_heap(std::size_t size) noexcept {
  if (size > static_cast<std::size_t>(-1) / 2) {
    return nullptr;
  }
  if (limited_ && size > small_block && (heap_bytes_ > heap_limit_ || size > heap_limit_ - heap_bytes_)) {
    return nullptr;
  }
  void* raw = ::operator new(sizeof(heap_block) + size, std::nothrow);
  if (raw == nullptr) {
    return nullptr;
  }
  auto* block = new (raw) heap_block{nullptr, blocks_, size};
  if (blocks_ != nullptr) {
    blocks_->previous = block;
  }
  blocks_ = block;
  heap_bytes_ += size;
  heap_peak_ = std::max(heap_peak_, heap_bytes_);
  return block + 1;
}

void scratch::release(void* block) noexcept {
  if (block == nullptr) {
    return;
  }
  auto* bytes = static_cast<std::byte*>(block);
  if (!std::less<>{}(bytes, base_) && std::less<>{}(bytes, base_ + size_)) {
    if (bytes == base_ + newest_) {
      used_ = newest_;
    }
    return;
  }
  heap_block* head = static_cast<heap_block*>(block) - 1;
  (head->previous != nullptr ? head->previous->next : blocks_) = head->next;
  if (head->next != nullptr) {
    head->next->previous = head->previous;
  }
  heap_bytes_ -= head->size;
  ::operator delete(head);
}

void scratch::reset() noexcept {
  while (blocks_ != nullptr) {
    release(blocks_ + 1);
  }
  used_ = 0;
  newest_ = 0;
  limited_ = true;
}

} // namespace weir::png
