#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "block.hpp"

namespace weir::memory {

/// The right to a block of a pool's memory. Move-only; `share()` makes another right to the same block, and the block goes back
/// when the last of them is gone: on any thread, also after the pool's end. An empty lease has no block.
class lease {
public:
  lease() noexcept = default;
  explicit lease(block& adopted) noexcept : block_(&adopted) {} ///< takes over one reference; for the pool
  lease(lease&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;
  ~lease() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
  /// Aligned to 64 bytes. The content is whatever was there before.
  [[nodiscard]] std::byte* data() const noexcept { return block_ != nullptr ? block_->data : nullptr; }
  /// What was asked for, in bytes.
  [[nodiscard]] std::uint64_t size() const noexcept { return block_ != nullptr ? block_->bytes : 0; }
  [[nodiscard]] std::span<std::byte> span() const noexcept { return {data(), static_cast<std::size_t>(size())}; }

  /// Another right to the same block. Any thread that has this one.
  [[nodiscard]] lease share() const noexcept;
  /// From now on the block counts as held by the user, in an audit, until it goes back. Any thread.
  void hold_by_user() const noexcept;
  /// Gives this right up.
  void reset() noexcept;
  /// Hands this right over: whoever gets the block makes a lease of it again.
  [[nodiscard]] block* detach() noexcept { return std::exchange(block_, nullptr); }

private:
  block* block_ = nullptr;
};

} // namespace weir::memory
