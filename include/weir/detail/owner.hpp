#pragma once

#include <cstdint>
#include <utility>

namespace weir::detail {

/// The move-only right to some memory, and how to give it up: a block of the pool's own, or a slot in a batch.
class owner {
public:
  using drop_fn = void (*)(void* object, std::uint64_t argument) noexcept;

  owner() noexcept = default;
  owner(void* object, std::uint64_t argument, drop_fn drop) noexcept : object_(object), argument_(argument), drop_(drop) {}
  owner(owner&& o) noexcept : object_(std::exchange(o.object_, nullptr)), argument_(o.argument_), drop_(o.drop_) {}
  owner& operator=(owner&& o) noexcept {
    owner old(std::move(*this));
    object_ = std::exchange(o.object_, nullptr);
    argument_ = o.argument_;
    drop_ = o.drop_;
    return *this;
  }
  ~owner() {
    if (object_ != nullptr) {
      drop_(object_, argument_);
    }
  }
  [[nodiscard]] void* object() const noexcept { return object_; }
  [[nodiscard]] std::uint64_t argument() const noexcept { return argument_; }
  [[nodiscard]] bool is(drop_fn drop) const noexcept { return object_ != nullptr && drop_ == drop; }
  /// Gives the right away without dropping it.
  void* release() noexcept { return std::exchange(object_, nullptr); }

private:
  void* object_ = nullptr;
  std::uint64_t argument_ = 0;
  drop_fn drop_ = nullptr;
};

} // namespace weir::detail
