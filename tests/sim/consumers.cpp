// Scenarios: pipelines that are ended by who consumes them, or by a clock.
#include "stage_set.hpp"

#include <stdexcept>

namespace weir::explore {

namespace {

using namespace std::chrono_literals;

pipeline<image_batch> batches() {
  return files(pictures::paths(0, pictures::good)) | read() | decode_png({.channels = 3}) | batched(2) | prefetch(2);
}

task<> breaks_off(stage_set& s) {
  auto body = [&s](stream<image_batch>& from) -> task<> {
    const watched local(s);
    for (int i = 0; i < 2; ++i) {
      std::optional<image_batch> b = co_await from.next();
      if (!b) {
        break;
      }
      s.take(*b, false);
    }
  };
  co_await with_stream(batches(), body);
}

task<> closes_early(stage_set& s) {
  auto body = [&s](stream<image_batch>& from) -> task<> {
    std::optional<image_batch> b = co_await from.next();
    if (b) {
      s.take(*b, false);
    }
    co_await from.close();
    co_await sleep_for(5us);
  };
  co_await with_stream(batches(), body);
}

task<> throws(stage_set& s) {
  auto each = [&s](const image_batch& b) -> task<> {
    const watched local(s);
    s.take(b, false);
    co_await sleep_for(10us);
    if (s.delivered >= 4) {
      throw std::runtime_error("enough");
    }
  };
  co_await batches().for_each(each);
}

/// A FIFO among the files: only a deadline ends it.
task<> deadline(stage_set& s) {
  std::vector<std::string> paths = pictures::paths(0, 4);
  paths.push_back(pictures::name(33));
  auto each = into<image>(s);
  bool late = false;
  try {
    task<> all = (files(paths) | read() | decode_png({.channels = 3}) | on_error(skip_bad{})).for_each(each);
    co_await with_deadline(500ms, std::move(all));
  } catch (const deadline_exceeded&) {
    late = true;
  }
  (void)late;
}

task<> cleanup_reads(stage_set& s) {
  auto each = into<image_batch>(s);
  auto ignore = [&s](const image_batch& b) -> task<> {
    const watched local(s);
    (void)b;
    co_await sleep_for(5us);
  };
  task<> work = batches().for_each(each);
  task<> cleanup = (files(pictures::paths(0, 2)) | read() | decode_png({.channels = 3}) | batched(2)).for_each(ignore);
  co_await finally(std::move(work), std::move(cleanup), 2s);
}

task<> shielded(stage_set& s) {
  auto each = into<image_batch>(s);
  task<> all =
      (files(pictures::paths(0, 4)) | read() | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(2)).for_each(each);
  co_await shield(std::move(all), 30us); // on a stop: a little longer, then deadline_exceeded
}

task<> sends(stage_set& s, channel<buffer>& requests) {
  for (std::size_t i = 0; i < 6; ++i) {
    const std::vector<std::uint8_t>& png = s.disk.bytes(i);
    buffer b(encoded(std::as_bytes(std::span(png)), nullptr), i, "request");
    (void)co_await requests.send(std::move(b));
  }
  requests.close();
}

task<> requests(stage_set& s) {
  channel<buffer> bodies(2);
  auto each = into<image_batch>(s);
  auto body = [&](scope& in) -> task<> {
    in.spawn(sends(s, bodies));
    co_await (buffers(bodies) | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(4)).for_each(each);
  };
  co_await with_scope(body);
}

task<> one_request(stage_set& s, std::size_t i) {
  const watched local(s);
  try {
    task<image> decoded = decode_png(*s.rt, std::as_bytes(std::span(s.disk.bytes(i))), {.channels = 3});
    const image im = co_await with_deadline(std::chrono::microseconds(15 * (i + 1)), std::move(decoded));
    co_await sleep_for(10us);
  } catch (const deadline_exceeded&) {
  }
  s.took(1); // served, or too late
}

task<> single_images(stage_set& s) {
  auto body = [&s](scope& in) -> task<> {
    for (std::size_t i = 0; i < 6; ++i) {
      co_await in.spawn_when_room(one_request(s, i));
    }
  };
  co_await with_scope(body, {.room = 3});
}

task<> wants(stage_set& s, const std::vector<std::uint8_t>& png) {
  const watched local(s);
  const image im = co_await decode_png(*s.rt, std::as_bytes(std::span(png)), {.channels = 3});
  s.took(1);
}
task<> wants_later(stage_set& s, const std::vector<std::uint8_t>& png) {
  co_await sleep_for(10us);
  co_await wants(s, png);
}
task<> gives_up(stage_set& s, const std::vector<std::uint8_t>& png) {
  try {
    co_await with_deadline(50us, wants(s, png));
  } catch (const deadline_exceeded&) {
    s.took(1);
  }
}

/// A small one waits behind a large one, for which there is no room as long as this holds an image: when the large one gives
/// up, there is room for the small one.
task<> makes_way(stage_set& s) {
  const watched local(s);
  const image held = co_await decode_png(*s.rt, std::as_bytes(std::span(s.disk.bytes(0))), {.channels = 3});
  s.took(1);
  co_await when_all(gives_up(s, s.disk.bytes(40)), wants_later(s, s.disk.bytes(1)));
}

task<> side_by_side(stage_set& s) {
  auto each = [&s](const image_batch& b) { s.took(b.size()); };
  task<> one =
      (files(pictures::paths(0, 4)) | read() | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(2)).for_each(each);
  task<> other =
      (files(pictures::paths(4, 8)) | read() | decode_png({.channels = 3}) | on_error(skip_bad{}) | batched(2)).for_each(each);
  co_await when_all(std::move(one), std::move(other));
}

} // namespace

void add_consumers(std::vector<scenario>& to) {
  constexpr ending done = ending::done;
  constexpr ending failed = ending::failed;
  to.insert(to.end(), {
                          {"a consumer that breaks off", {done, 4, 2, true}, &breaks_off},
                          {"a consumer that closes", {done, 2, 2, true}, &closes_early},
                          {"a consumer that throws", {failed, 4, 2, true}, &throws},
                          {"a deadline, and a FIFO", {done, 4, 0, true}, &deadline},
                          {"a cleanup that reads", {done, 8, 2, true, true, true}, &cleanup_reads},
                          {"under a shield", {done, 4, 2, true, true, true}, &shielded},
                          {"request bodies", {done, 6, 4, true}, &requests},
                          {"single images with deadlines", {done, 6}, &single_images, 300},
                          {"one that waits gives up, and the next has room", {done, 3}, &makes_way, 1300},
                          {"two pipelines side by side", {done, 8}, &side_by_side},
                      });
}

} // namespace weir::explore
