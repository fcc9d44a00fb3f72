#include "witness.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "cli/readable.hpp"
#include "pipeline.hpp"

namespace cancel_stress {

witness::witness(const plan& p, const known_images& known, violations& v) : plan_(p), known_(known), violations_(v) {
  for (const middle_stage s : p.stages) {
    passes_over_images_ *= s == middle_stage::repeat ? 2 : 1;
  }
  in_place_ = passes_over_images_ == 1;
}

void witness::take(weir::image_batch b) {
  ++batches_;
  look_at_size(b);
  const std::vector<std::uint8_t> mask = b.mask();
  for (std::size_t i = 0; i < b.size(); ++i) {
    look_at(b[i]);
    violations_.expect((mask[i] == 0) == b[i].blank(), "a batch's mask doesn't say which of its images are blank");
  }
  if (held_.size() < plan_.holds) {
    held_.push_back(std::move(b));
  }
}

void witness::look_at_size(const weir::image_batch& b) {
  violations_.expect(!b.empty() && b.size() <= plan_.batch,
                     fmt::format("a batch of {} images, where {} were asked for", b.size(), plan_.batch));
  if (plan_.batches.shapes != weir::shapes::same) {
    return; // these may close early when memory is short
  }
  violations_.expect(!short_batch_seen_, "a batch was delivered behind one that wasn't full");
  if (b.size() < plan_.batch) {
    short_batch_seen_ = true;
    violations_.expect(!plan_.batches.drop_remainder, "a batch that isn't full was delivered, and none was to be");
  }
}

void witness::look_at(const weir::image& im) {
  const std::string path(im.origin());
  violations_.expect(indices_.insert(im.index()).second,
                     fmt::format("image {} ({}) was delivered twice", im.index(), cli::printable(path)));
  violations_.expect(!in_place_ || plan_.inputs[im.index() % plan_.inputs.size()] == path,
                     fmt::format("image {} is of {}, which is not the input of that index", im.index(), cli::printable(path)));
  violations_.expect(known_.shows(im, plan_.format),
                     fmt::format("image {} doesn't show what is in {}{}", im.index(), cli::printable(path),
                                 im.blank() ? ": it is a blank, and not black" : ""));
  violations_.expect(!im.blank() || plan_.policy == bad_items::blank, "a blank was delivered, and none was asked for");
  images_ += im.blank() ? 0 : 1;
}

void witness::note_bad(const weir::item_info&, const std::exception_ptr& failure) {
  ++bad_;
  judge(failure, false);
}

std::uint64_t witness::to_come() const noexcept { return plan_.inputs.size() * plan_.repeat * passes_over_images_; }

void witness::note_end() {
  violations_.expect(!plan_.endless(), "a pipeline without an end came to its end");
  const bool exact = !plan_.batches.drop_remainder;
  const std::uint64_t came = images_ + bad_;
  violations_.expect(plan_.endless() || (exact ? came == to_come() : came <= to_come()),
                     fmt::format("the stream ended after {} good and {} bad of {} images", images_, bad_, to_come()));
}

/// Only for want of memory. Generous: the sizes of everything else that was in flight aren't known here.
bool witness::could_fail(const std::string& path) const {
  const known_images::file* const f = known_.find(path);
  if (f == nullptr || !f->regular || !f->as[plan_.format].good) {
    return true;
  }
  return 8 * std::max(f->as[plan_.format].shape.bytes(), f->size) > plan_.memory;
}

/// FIFOs that nobody writes to wait beside the others, each with a descriptor: read again and again, they take all there are.
bool witness::no_descriptor(const weir::error& e) const {
  const auto waits = [this](const std::string& path) {
    const known_images::file* const f = known_.find(path);
    return f == nullptr || !f->regular;
  };
  return e.where() == weir::stage::open && e.message() == std::generic_category().message(EMFILE) &&
         std::any_of(plan_.inputs.begin(), plan_.inputs.end(), waits);
}

void witness::judge(const weir::error& e, bool first) {
  const bool mismatch = e.where() == weir::stage::batch && plan_.batches.shapes == weir::shapes::same;
  const bool policy_lets_it = plan_.policy == bad_items::fail || plan_.policy == bad_items::fail_unsaid;
  violations_.expect(mismatch || could_fail(e.origin()) || no_descriptor(e),
                     fmt::format("a good file failed: {}", cli::printable(e.what())));
  violations_.expect(!first || mismatch || policy_lets_it,
                     fmt::format("the run failed with what its policy passes over: {}", cli::printable(e.what())));
}

void witness::judge(const std::exception_ptr& failure, bool first) {
  try {
    std::rethrow_exception(failure);
  } catch (const weir::error& e) {
    judge(e, first);
  } catch (const planned_error&) {
    violations_.expect(plan_.how == end_kind::error_in_stage || plan_.how == end_kind::error_in_consumer,
                       "an error that wasn't planned for this run");
  } catch (const weir::deadline_exceeded&) {
    violations_.expect(plan_.how == end_kind::deadline, "a deadline was exceeded, and there is none");
  } catch (const weir::budget_error& e) {
    violations_.expect(e.needed() > e.budget(), fmt::format("a budget that holds it was said to be too small: {}", e.what()));
  } catch (const std::exception& e) {
    violations_.expect(false, fmt::format("an error that nothing explains: {}", cli::printable(e.what())));
  } catch (...) {
    violations_.expect(false, "an error of an unknown kind");
  }
}

std::size_t witness::blocks_held() const noexcept {
  std::size_t blocks = 0;
  for (const weir::image_batch& b : held_) {
    blocks += b.ragged() ? b.size() : 1;
  }
  return blocks;
}

void witness::look_at_held_and_drop() {
  for (const weir::image_batch& b : held_) {
    for (const weir::image& im : b) {
      violations_.expect(known_.shows(im, plan_.format),
                         fmt::format("image {} of a batch that was kept has changed", im.index()));
    }
  }
  held_.clear();
}

} // namespace cancel_stress
