#pragma once

#include <cstdint>
#include <exception>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <weir/weir.hpp>

#include "contract.hpp"
#include "known_images.hpp"
#include "plan.hpp"

namespace cancel_stress {

/// Looks at everything that a run's pipeline gives its consumer. On the loop thread.
class witness {
public:
  witness(const plan& p, const known_images& known, violations& v);

  /// A batch was delivered. Some are kept, as the plan says.
  void take(weir::image_batch b);
  /// A policy saw a bad item.
  void note_bad(const weir::item_info& info, const std::exception_ptr& failure);
  /// The stream said that it is at its end. Then everything has to have come.
  void note_end();

  /// The run ended with this error, or lists it. `first`: it is the outcome's.
  void judge(const std::exception_ptr& failure, bool first);

  [[nodiscard]] std::uint64_t batches() const noexcept { return batches_; }
  [[nodiscard]] std::uint64_t images() const noexcept { return images_; }
  [[nodiscard]] std::size_t blocks_held() const noexcept;
  /// Held batches show what they did, also now that the runtime is gone. They are given back.
  void look_at_held_and_drop();

private:
  void look_at(const weir::image& im);
  void look_at_size(const weir::image_batch& b);
  void judge(const weir::error& e, bool first);
  [[nodiscard]] bool could_fail(const std::string& path) const;
  [[nodiscard]] bool no_descriptor(const weir::error& e) const;
  [[nodiscard]] std::uint64_t to_come() const noexcept;

  const plan& plan_;
  const known_images& known_;
  violations& violations_;
  std::uint64_t passes_over_images_ = 1; // by stages of the plan
  bool in_place_ = true;                 // indices are those of the inputs
  std::uint64_t batches_ = 0;
  std::uint64_t images_ = 0; // good ones
  std::uint64_t bad_ = 0;
  bool short_batch_seen_ = false;
  std::unordered_set<std::uint64_t> indices_;
  std::vector<weir::image_batch> held_;
};

} // namespace cancel_stress
