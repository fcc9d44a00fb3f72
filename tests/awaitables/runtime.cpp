#include "awaitables.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

#include "../conformance/chunks.hpp"
#include "png/encode.hpp"
#include <weir/detail/stream.hpp>
#include <weir/weir.hpp>

namespace weir::test {

namespace {

std::vector<std::string> times(std::size_t n, const std::string& path) { return std::vector<std::string>(n, path); }
/// Keeps the only worker until it is stopped.
task<> busy(never_ready& n) {
  auto until_stopped = [&n](stop_flag stop) {
    while (!stop.requested()) {
      n.pause();
    }
  };
  co_await on_worker(until_stopped);
  co_await n.never.wait(); // a function that has ended is no stop
}
/// `t` while the only worker is busy.
task<> without_a_worker(never_ready& n, task<> t) {
  auto body = [&](scope& s) -> task<> {
    s.spawn(busy(n));
    co_await yield(); // its job is the first
    co_await std::move(t);
  };
  co_await with_scope(body);
}
/// `t` while the user has an image of 30,000 bytes.
task<> without_memory(never_ready& n, task<> t) {
  auto body = [&](image held) -> task<> {
    const image here(std::move(held));
    co_await std::move(t);
  };
  auto one = files(times(1, n.files->middle)) | read() | decode_png();
  co_await std::move(one).for_each(body);
}
template<class T> task<> drained(pipeline<T> p) {
  auto nothing = [](const T&) {};
  co_await std::move(p).for_each(nothing);
}
/// The consumer keeps the first one for ever.
template<class T> task<> held(never_ready& n, pipeline<T> p) {
  auto keep = [&n](T) -> task<> { co_await n.never.wait(); };
  co_await std::move(p).for_each(keep);
}

/// The consumer drops the first one when so many files are read, and keeps the second for ever.
task<> second_held(never_ready& n, std::uint64_t read_before, pipeline<encoded> p) {
  const std::uint64_t all = n.rt->metrics().files_read + read_before;
  int seen = 0;
  auto keep = [&](encoded) -> task<> {
    if (++seen == 2) {
      co_await n.never.wait();
    }
    while (n.rt->metrics().files_read < all) {
      co_await sleep_for(std::chrono::milliseconds(1));
    }
  };
  co_await std::move(p).for_each(keep);
}

/// Of batches of two the user has one, and one is ready. In the third, the first image has failed when the second one is there:
/// that one will move up, and its place is what the next image waits for.
task<> behind_a_hole(never_ready& n) {
  std::atomic<bool> both_placed{false};
  auto not_yet = [&](stop_flag stop) {
    while (!both_placed && !stop.requested()) {
      n.pause();
    }
  };
  auto keeps_the_worker = [&]() -> task<> { co_await on_worker(not_yet); };
  auto body = [&](scope& s) -> task<> {
    int item = 0;
    auto in_time = [&](encoded bytes) -> task<encoded> {
      const int mine = item++;
      if (mine == 4) {
        while (n.rt->metrics().images_decoded < 4) {
          co_await sleep_for(std::chrono::microseconds(100));
        }
        s.spawn(keeps_the_worker());
        co_await yield(); // its job comes first
      }
      while (mine == 6 && n.rt->audit().jobs != 3) {
        co_await sleep_for(std::chrono::microseconds(100));
      }
      both_placed = both_placed || mine == 6;
      while (mine == 6 && n.rt->metrics().images_decoded < 5) { // the failure has come back before
        co_await sleep_for(std::chrono::microseconds(100));
      }
      co_return bytes;
    };
    std::vector<std::string> paths = times(7, n.files->small);
    paths[4] = n.files->broken;
    co_await held(n, files(std::move(paths)) | read() | transform(in_time) | decode_png() | on_error(skip_bad{}) | batched(2));
  };
  co_await with_scope(body);
}

const std::vector<awaitable>& awaitables_of_a_runtime() {
  static const std::vector<awaitable> all = {
      {"read_operation", "read of", [](never_ready& n) { return drained(files({n.files->silent}) | read()); }},
      {"read_operation", "more file memory to read",
       [](never_ready& n) {
         return drained(files({n.files->silent, n.files->two_segments}) | read());
       }},
      {"first_segments", "file memory", [](never_ready& n) { return drained(files(times(3, n.files->silent)) | read()); }},
      {"room_ahead", "memory to read ahead",
       [](never_ready& n) { return second_held(n, 8, files(times(16, n.files->small)) | read()); }, false, 45'000, 8},
      {"room_awaiter", "room for an item in the stage",
       [](never_ready& n) { return drained(files(times(2, n.files->silent)) | read({.in_flight = 1})); }},
      {"next_awaiter", "item of the stage",
       [](never_ready& n) { return drained(files({n.files->silent}) | read() | decode_png()); }},
      {"wait_for", "batch",
       [](never_ready& n) { return drained(files({n.files->silent}) | read() | decode_png() | batched(2)); }},
      {"wait_for", "consumer to take a batch",
       [](never_ready& n) { return held(n, files(times(3, n.files->small)) | read() | decode_png() | batched(1)); }},
      {"wait_for", "first image, which says the shape",
       [](never_ready& n) {
         return without_a_worker(n, drained(files(times(2, n.files->small)) | read() | decode_png() | batched(2)));
       }},
      {"wait_for", "pool memory for a batch",
       [](never_ready& n) {
         return without_memory(n, drained(files({n.files->middle}) | read() | decode_png() | batched(1)));
       }},
      {"wait_for", "place in a batch", [](never_ready& n) { return behind_a_hole(n); }, false, 45'000, 16},
      {"wait_for", "fewer decodes at a time",
       [](never_ready& n) { return without_a_worker(n, drained(files(times(6, n.files->large)) | read() | decode_png())); },
       false, std::uint64_t{16} << 20, 64},
      {"wait_for", "less memory in flight",
       [](never_ready& n) {
         auto any = [](const image&) { return true; };
         return without_a_worker(n,
                                 drained(files(times(2, n.files->middle)) | read() | decode_png() | filter(any) | batched(1)));
       },
       false, 120'000},
      {"grant_operation", "pool memory",
       [](never_ready& n) { return without_memory(n, drained(files({n.files->middle}) | read() | decode_png())); }},
      {"job_operation", "worker to run", [](never_ready& n) { return busy(n); }},
      {"job_operation", "worker to decode",
       [](never_ready& n) { return without_a_worker(n, drained(files({n.files->small}) | read() | decode_png())); }},
      {"job_operation", "worker to look for transparency in",
       [](never_ready& n) {
         return without_a_worker(n, drained(files({n.files->of_palette}) | read() | decode_png({.use_libpng = true})));
       }},
      {"job_operation", "worker to look for the header of",
       [](never_ready& n) { return without_a_worker(n, drained(files({n.files->header_later}) | read() | decode_png())); }},
      {"services_awaiter", "event",
       [](never_ready& n) -> task<> {
         detail::services& s = co_await detail::services_awaiter{};
         static_cast<void>(s);
         co_await n.never.wait();
       }},
      {"root_awaiter", "event",
       [](never_ready& n) -> task<> {
         const detail::root_state* const r = co_await detail::root_awaiter{};
         static_cast<void>(r);
         co_await n.never.wait();
       }},
  };
  return all;
}

std::vector<std::uint8_t> rgb(std::uint32_t width, std::uint32_t height) {
  png::picture p;
  p.width = width;
  p.height = height;
  p.color_type = 2;
  p.samples.assign(p.row_bytes() * height, 100);
  return png::encode(p);
}
std::vector<std::uint8_t> with_palette() {
  png::picture p;
  p.color_type = 3;
  p.palette = {{1, 2, 3}};
  p.samples = {0};
  return png::encode(p);
}
std::vector<std::uint8_t> header_later() {
  std::vector<std::uint8_t> png = rgb(8, 4);
  for (int i = 0; i < 100; ++i) {
    png = chunks::insert_before(png, "IHDR", chunks::make("abCd", {}));
  }
  return png;
}
/// With a wrong checksum of its last IDAT, before the 12 bytes of IEND.
std::vector<std::uint8_t> broken(std::vector<std::uint8_t> png) {
  png[png.size() - 13] ^= 1U;
  return png;
}

} // namespace

std::vector<file_content> contents_of_files(std::size_t segment) {
  using files = never_ready_files;
  return {{&files::small, rgb(8, 4)},
          {&files::broken, broken(rgb(8, 4))},
          {&files::middle, rgb(100, 100)},
          {&files::large, rgb(800, 600)},
          {&files::of_palette, with_palette()},
          {&files::header_later, header_later()},
          {&files::two_segments, std::vector<std::uint8_t>(segment + segment / 2, 1)}};
}

const std::vector<awaitable>& awaitables() {
  static const std::vector<awaitable> all = [] {
    std::vector<awaitable> both = awaitables_of_the_core();
    const std::vector<awaitable>& more = awaitables_of_a_runtime();
    both.insert(both.end(), more.begin(), more.end());
    return both;
  }();
  return all;
}

} // namespace weir::test
