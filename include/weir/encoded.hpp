#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/detail/owner.hpp>

namespace weir::memory {
struct segment;
}

namespace weir {

/// The bytes of an input, in pieces: a file's, in segments of the runtime's pool, or a caller's buffer. Move-only. It may be
/// destroyed on any thread, but a file's not after its runtime.
class encoded {
public:
  encoded() noexcept = default;
  /// A buffer of the caller's, which lives as long as `keep`.
  encoded(std::span<const std::byte> bytes, std::shared_ptr<const void> keep) noexcept
      : flat_(bytes), keep_(std::move(keep)), size_(bytes.size()) {}
  explicit encoded(std::vector<std::byte> bytes) {
    auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    flat_ = *kept;
    size_ = flat_.size();
    keep_ = std::move(kept);
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; } ///< bytes
  /// Copies all of it; `to` has at least `size()` bytes.
  void copy_to(std::span<std::byte> to) const noexcept;

  /// The library's.
  encoded(memory::segment* first, std::uint64_t size, detail::owner segments) noexcept
      : segments_(std::move(segments)), first_(first), size_(size) {}
  [[nodiscard]] memory::segment* first() const noexcept { return first_; }
  [[nodiscard]] const void* whose() const noexcept { return segments_.object(); } ///< of a file: its runtime's services
  [[nodiscard]] std::span<const std::byte> flat() const noexcept { return flat_; }

private:
  detail::owner segments_;
  memory::segment* first_ = nullptr;
  std::span<const std::byte> flat_;
  std::shared_ptr<const void> keep_;
  std::uint64_t size_ = 0;
};

/// A request body to be decoded: see buffers().
struct buffer {
  buffer() = default;
  explicit buffer(encoded b, std::uint64_t t = 0, std::string_view n = {}) : bytes(std::move(b)), tag(t), name(n) {}
  encoded bytes;
  std::uint64_t tag = 0; ///< comes back as `image::tag()`
  std::string name;      ///< what errors call it
};

} // namespace weir
