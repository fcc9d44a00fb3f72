#include "plan.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "options.hpp"

namespace cancel_stress {

namespace {

/// The same numbers on every machine: std's distributions differ.
class choice {
public:
  explicit choice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template<class T, std::size_t N> T of(const std::array<T, N>& all) { return all[below(N)]; }

private:
  std::mt19937_64 random_;
};

std::chrono::microseconds any_moment(choice& c) {
  constexpr std::array<std::uint64_t, 4> ranges{100, 1000, 5000, 20'000};
  return std::chrono::microseconds(c.below(c.of(ranges)));
}

/// Neighbours from anywhere in the list; some of the time only files that decode to one shape, and those that don't decode.
std::vector<std::string> any_inputs(choice& c, const known_images& known, std::size_t format, bool of_one_shape) {
  const auto& files = known.files();
  const std::size_t first = c.below(files.size());
  const std::size_t count = 1 + c.below(std::min<std::size_t>(files.size(), 150));
  const auto& model = files[first].as[format];
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < count; ++i) {
    const known_images::file& f = files[(first + i) % files.size()];
    if (!of_one_shape || !model.good || !f.as[format].good || f.as[format].shape == model.shape) {
      inputs.push_back(f.path);
    }
  }
  return inputs;
}

} // namespace

std::string_view name_of(end_kind k) noexcept {
  switch (k) {
  case end_kind::stop_before_start: return "stop before the start";
  case end_kind::stop_from_thread: return "stop from another thread";
  case end_kind::stop_from_inside: return "stop from inside";
  case end_kind::deadline: return "deadline";
  case end_kind::error_in_stage: return "error in a stage";
  case end_kind::error_in_consumer: return "error in the consumer";
  case end_kind::early_break: return "early break";
  case end_kind::runtime_destroyed: return "runtime destroyed";
  }
  return "?";
}

plan plan_of(std::uint64_t seed, const known_images& known, const std::vector<place>& places) {
  choice c(seed);
  plan p;
  p.seed = seed;
  p.where = places[c.below(places.size())];
  p.workers = 1 + static_cast<int>(c.below(4));
  p.memory = std::uint64_t{1} << (18 + 2 * c.below(6)); // 256 KiB to 256 MiB
  p.file_memory = std::uint64_t{1} << (16 + c.below(9));
  p.io_depth = 1 + static_cast<int>(c.below(40));
  p.counted_memory = c.one_in(2);

  p.format = c.below(formats.size());
  p.batches.shapes = c.of(std::array{weir::shapes::same, weir::shapes::ragged, weir::shapes::grouped});
  p.batches.drop_remainder = c.one_in(5);
  p.inputs = any_inputs(c, known, p.format, p.batches.shapes == weir::shapes::same && !c.one_in(4));
  p.repeat = c.of(std::array<std::uint64_t, 4>{1, 1, 3, 0});
  p.order = c.one_in(2) ? weir::order::input : weir::order::completion;
  p.reads = 1 + c.below(64);
  for (std::uint64_t n = c.below(4); n > 0; --n) {
    p.stages.push_back(static_cast<middle_stage>(c.below(7)));
  }
  p.policy = c.of(std::array{bad_items::fail_unsaid, bad_items::fail, bad_items::skip, bad_items::skip, bad_items::skip,
                             bad_items::blank, bad_items::blank});
  p.batch = 1 + c.below(c.of(std::array<std::uint64_t, 2>{4, 32}));
  p.prefetch = c.below(4);

  p.how = static_cast<end_kind>(c.below(end_kinds));
  p.after = any_moment(c);
  p.nth = c.below(p.how == end_kind::error_in_stage ? 60 : 6);
  p.pulls = p.how == end_kind::early_break || c.one_in(2);
  p.closes = c.one_in(2);
  p.slow_consumer = c.one_in(3);
  p.holds = c.one_in(3) ? 1 + c.below(2) : 0;
  return p;
}

std::string describe(const plan& p) {
  constexpr std::array stage_names{"inspect", "transform", "slow transform", "filter", "prefetch", "through", "repeat(2)"};
  constexpr std::array policies{"no policy", "fail", "skip", "blank"};
  constexpr std::array shapes{"same", "ragged", "grouped"};
  std::string stages;
  for (const middle_stage s : p.stages) {
    stages += fmt::format(" | {}", stage_names[static_cast<std::size_t>(s)]);
  }
  return fmt::format("seed {}: {}, after {} us or at the {}th; {} loop, {} engine, {} workers, memory {} + {}, depth {}\n"
                     "  {} files x {} | read({}) | decode({} channels, {} bits){} | {} | batched({}, {}{}) | prefetch({}); {} "
                     "order{}{}, {} held\n",
                     p.seed, name_of(p.how), p.after.count(), p.nth, name_of(p.where.loop), name_of(p.where.engine), p.workers,
                     p.memory, p.file_memory, p.io_depth, p.inputs.size(), p.repeat, p.reads, formats[p.format].channels,
                     formats[p.format].bits, stages, policies[static_cast<std::size_t>(p.policy)], p.batch,
                     shapes[static_cast<std::size_t>(p.batches.shapes)], p.batches.drop_remainder ? ", whole" : "", p.prefetch,
                     p.order == weir::order::input ? "input" : "completion", p.pulls ? ", pulled" : "",
                     p.slow_consumer ? ", slowly" : "", p.holds);
}

} // namespace cancel_stress
