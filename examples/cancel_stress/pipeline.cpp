#include "pipeline.hpp"

#include <utility>

namespace cancel_stress {

namespace {

using images = weir::pipeline<weir::image>;

weir::async_generator<weir::image> as_they_are(weir::stage_input<weir::image> in) {
  while (auto im = co_await in.next()) {
    co_yield std::move(*im);
  }
}

weir::async_generator<weir::image> until_the_nth(weir::stage_input<weir::image> in, std::uint64_t nth) {
  std::uint64_t seen = 0;
  while (auto im = co_await in.next()) {
    if (seen++ == nth) {
      throw planned_error();
    }
    co_yield std::move(*im);
  }
}

images with(images in, middle_stage what) {
  auto look = [](const weir::image&) {};
  auto pass = [](weir::image im) { return im; };
  auto later = [](weir::image im) -> weir::task<weir::image> {
    co_await weir::sleep_for(std::chrono::microseconds(20));
    co_return im;
  };
  auto keep = [](const weir::image&) { return true; };
  switch (what) {
  case middle_stage::inspect: return std::move(in) | weir::inspect(look);
  case middle_stage::transform: return std::move(in) | weir::transform(pass, {.in_flight = 4});
  case middle_stage::slow_transform: return std::move(in) | weir::transform(later, {.order = weir::order::completion});
  case middle_stage::filter: return std::move(in) | weir::filter(keep);
  case middle_stage::prefetch: return std::move(in) | weir::prefetch(3);
  case middle_stage::through: return std::move(in) | weir::through([](auto s) { return as_they_are(std::move(s)); });
  case middle_stage::repeat: return std::move(in) | weir::repeat(2);
  }
  return in;
}

/// Fails an item on a worker, or the pipeline on the loop.
images failing(images in, const plan& p, std::atomic<std::uint64_t>& seen) {
  if (p.closes) {
    return std::move(in) | weir::through([nth = p.nth](auto s) { return until_the_nth(std::move(s), nth); });
  }
  return std::move(in) | weir::inspect([&seen, nth = p.nth](const weir::image&) {
           if (seen.fetch_add(1) == nth) {
             throw planned_error();
           }
         });
}

images with_policy(images in, bad_items policy, const weir::error_observer& on_bad) {
  switch (policy) {
  case bad_items::fail_unsaid: break;
  case bad_items::fail: return std::move(in) | weir::on_error(weir::fail_on_bad{}, on_bad);
  case bad_items::skip: return std::move(in) | weir::on_error(weir::skip_bad{}, on_bad);
  case bad_items::blank: return std::move(in) | weir::on_error(weir::blank_bad{}, on_bad);
  }
  return in;
}

} // namespace

weir::pipeline<weir::image_batch> pipeline_of(const plan& p, std::atomic<std::uint64_t>& seen,
                                              const weir::error_observer& on_bad) {
  auto decoded = weir::files(p.inputs) | weir::repeat(p.repeat) | weir::read({.in_flight = p.reads, .order = p.order}) |
                 weir::decode_png(formats[p.format], p.order);
  for (const middle_stage s : p.stages) {
    decoded = with(std::move(decoded), s);
  }
  if (p.how == end_kind::error_in_stage) {
    decoded = failing(std::move(decoded), p, seen);
  }
  auto batches = with_policy(std::move(decoded), p.policy, on_bad) | weir::batched(p.batch, p.batches);
  return p.prefetch != 0 ? std::move(batches) | weir::prefetch(p.prefetch) : std::move(batches);
}

} // namespace cancel_stress
