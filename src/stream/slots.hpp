#pragma once

#include <cstddef>
#include <exception>
#include <utility>

#include <weir/detail/owner.hpp>
#include <weir/shape.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// A place for an image to be decoded into. With `failure`: there is none, and the item has failed.
struct slot_grant {
  slot_grant(std::byte* d, owner s, const void* b) noexcept : data(d), slot(std::move(s)), batch(b) {}
  explicit slot_grant(std::exception_ptr f) noexcept : failure(std::move(f)) {}
  std::byte* data = nullptr;
  owner slot;                  ///< dropped: the image failed, or was left out, and the place is free again
  const void* batch = nullptr; ///< whose it is: the image is hardly of use before all of that batch's
  std::exception_ptr failure;
};

/// Where a batch takes its images: a decode that stands directly above it asks it for places, in the order of its input.
class slot_source {
public:
  /// Throws budget_error: a batch of that shape could never fit. Waits for memory; says so in `strain`.
  virtual task<slot_grant> place(const shape& s, const item_info& info) = 0;
  /// Images will not come in the order in which they were placed.
  virtual void expect_any_order() noexcept = 0;

protected:
  ~slot_source() = default;
};

} // namespace weir::detail
