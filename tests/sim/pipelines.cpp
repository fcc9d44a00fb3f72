// Scenarios: pipelines whose consumer takes all there is.
#include "stage_set.hpp"

#include <array>

namespace weir::explore {

namespace {

using namespace std::chrono_literals;

std::vector<std::string> with(std::vector<std::string> paths, std::initializer_list<std::pair<std::size_t, std::size_t>> bad) {
  for (const auto& [at, number] : bad) {
    paths.insert(paths.begin() + static_cast<std::ptrdiff_t>(at), pictures::name(number));
  }
  return paths;
}
std::vector<std::string> good() { return pictures::paths(0, pictures::good); }
/// With one that is no PNG, one that breaks at its end, one that isn't there, and a directory.
std::vector<std::string> mixed() { return with(good(), {{1, 31}, {3, 30}, {5, 99}, {8, 32}}); }
std::vector<std::string> shapes_mixed() { return pictures::paths(20, 26); }

async_generator<image> as_it_is(stage_input<image> in, stage_set& s) {
  const watched local(s);
  while (auto im = co_await in.next()) {
    co_yield std::move(*im);
  }
}

template<class T> task<> run_all(stage_set& s, pipeline<T> p) {
  auto each = into<T>(s);
  co_await std::move(p).for_each(each);
}

auto decode() { return decode_png({.channels = 3}); }

task<> plain(stage_set& s) { return run_all(s, files(good()) | read() | decode() | batched(3) | prefetch(2)); }
task<> any_order(stage_set& s) {
  return run_all(s, files(good()) | read({.in_flight = 3, .order = order::completion}) |
                        decode_png({.channels = 3}, order::completion) | batched(3));
}
task<> first_bad_fails(stage_set& s) { return run_all(s, files(with(good(), {{5, 31}})) | read() | decode() | batched(2)); }
task<> skipped(stage_set& s) { return run_all(s, files(mixed()) | read() | decode() | on_error(skip_bad{}) | batched(3)); }
task<> blanks(stage_set& s) { return run_all(s, files(mixed()) | read() | decode() | on_error(blank_bad{}) | batched(3)); }
task<> too_many_bad(stage_set& s) {
  return run_all(s, files(mixed()) | read() | decode() | on_error(skip_bad{.max_count = 2}) | batched(3) | prefetch(1));
}
task<> ragged(stage_set& s) {
  return run_all(s, files(shapes_mixed()) | read() | decode() | batched(4, {.shapes = shapes::ragged}));
}
task<> grouped(stage_set& s) {
  return run_all(s, files(shapes_mixed()) | read() | decode() | batched(2, {.shapes = shapes::grouped}));
}
task<> other_shape_fails_alone(stage_set& s) {
  return run_all(s, files(shapes_mixed()) | read() | decode() | on_error(skip_bad{}) | batched(2) | on_error(skip_bad{}));
}
task<> repeated(stage_set& s) {
  return run_all(s, files(pictures::paths(0, 3)) | repeat(3) | read({.in_flight = 2}) | decode() | batched(4));
}
task<> repeated_images(stage_set& s) {
  return run_all(s, files(pictures::paths(0, 3)) | read() | decode() | repeat(2) | batched(4));
}
task<> many(stage_set& s) { return run_all(s, files(good()) | repeat(6) | read() | decode() | batched(6)); }
task<> one_by_one(stage_set& s) { return run_all(s, files(good()) | read() | decode() | skip(1) | take(5) | prefetch(2)); }
task<> generated(stage_set& s) {
  return run_all(s, files(mixed()) | read() | decode() | through([&s](auto in) { return as_it_is(std::move(in), s); }) |
                        on_error(skip_bad{}) | batched(3));
}
task<> transformed(stage_set& s) {
  auto on_a_worker = [](image im) {
    workers::sim_crew::checkpoint();
    const std::vector<int> wants_memory(10);
    workers::sim_crew::checkpoint();
    return im;
  };
  auto on_the_loop = [&s](image im) -> task<image> {
    const watched local(s);
    co_await sleep_for(20us);
    co_return im;
  };
  return run_all(s, files(good()) | read() | decode() | transform(on_a_worker, {.in_flight = 3}) |
                        transform(on_the_loop, {.in_flight = 2, .order = order::completion}) | on_error(skip_bad{}) |
                        batched(3));
}
task<> inspected(stage_set& s) {
  auto look = [](const image&) { workers::sim_crew::checkpoint(); };
  auto even = [](const image& im) { return im.index() % 2 == 0; };
  return run_all(s, files(good()) | read() | decode() | inspect(look) | filter(even) | on_error(skip_bad{}) | batched(3));
}
task<> short_memory(stage_set& s) { return run_all(s, files(good()) | read() | decode() | on_error(skip_bad{}) | batched(2)); }
task<> changing(stage_set& s) {
  return run_all(s, files(with(pictures::paths(34, 38), {{2, 0}})) | read() | decode() | on_error(skip_bad{}) | batched(2));
}
task<> sixteen_bits(stage_set& s) {
  auto each = [&s](const image_batch& b) { s.took(b.size()); };
  co_await (files(good()) | read() | decode_png({.channels = 1, .bits = 16}) | on_error(skip_bad{}) | batched(4))
      .for_each(each);
}

} // namespace

void add_pipelines(std::vector<scenario>& to) {
  constexpr ending done = ending::done;
  constexpr ending failed = ending::failed;
  const expectation all_in_threes{done, 8, 3, true};
  to.insert(to.end(), {
                          {"files to batches", all_in_threes, &plain},
                          {"in the order of completion", {done, 8, 3}, &any_order},
                          {"the first bad file fails it", {failed, 4, 2, true}, &first_bad_fails},
                          {"bad files are left out", all_in_threes, &skipped},
                          {"bad files become blanks", {done, 12, 3, true}, &blanks},
                          {"too many bad files", {failed, 0, 0, true}, &too_many_bad},
                          {"ragged batches", {done, 6, 0, true}, &ragged},
                          {"a batch for each shape", {done, 6, 0}, &grouped},
                          {"another shape fails alone", {done, 2, 2, true}, &other_shape_fails_alone},
                          {"a source three times", {done, 9, 4, true}, &repeated},
                          {"images twice", {done, 6, 4, true}, &repeated_images},
                          {"images one by one", {done, 5, 0, true}, &one_by_one},
                          {"through a generator", all_in_threes, &generated},
                          {"functions on workers and on the loop", {done, 8, 3}, &transformed},
                          {"looked at and filtered", {done, 4, 3, true}, &inspected},
                          {"memory for one batch", {done, 8, 2, true}, &short_memory, 512, 1024, 2, 2},
                          {"files that change", {done, 5, 2, true, false}, &changing},
                          {"sixteen bits of gray", {done, 8}, &sixteen_bits},
                          {"more files than memory for them", {done, 48, 6, true}, &many, 1 << 14, 1 << 14},
                      });
}

} // namespace weir::explore
