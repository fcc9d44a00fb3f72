// The job with weir: one runtime, a task a stop.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>

#include "contender.hpp"
#include <weir/weir.hpp>

namespace quiescence {

namespace {

using namespace weir::literals;

/// What an image takes as 8-bit RGB; its header says.
std::uint64_t pixels_of(const std::string& png) {
  std::uint64_t sides[2] = {0, 0};
  for (std::size_t i = 16; i < 24 && i < png.size(); ++i) {
    sides[(i - 16) / 4] = sides[(i - 16) / 4] << 8U | static_cast<unsigned char>(png[i]);
  }
  return std::max<std::uint64_t>(3 * sides[0] * sides[1], 1);
}

class weir_side final : public contender {
public:
  explicit weir_side(const job& j)
      : job_(j), runtime_({.workers = static_cast<int>(j.threads),
                           .memory = j.what == work::memory ? pixels_of(j.bodies.front()) : 4096_MiB,
                           .io_depth = static_cast<int>(std::max<std::size_t>(j.what == work::reads ? j.count : 1, 32))}) {}

  bool run(const std::function<void()>& begun) override {
    const auto outcome = runtime_.run(all(begun), stop_);
    stop_ = weir::stop_handle();
    if (outcome.failed()) {
      try {
        std::rethrow_exception(outcome.error());
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
      }
    }
    return outcome.stopped();
  }
  void stop() noexcept override { stop_.request_stop(); }

private:
  weir::task<> all(const std::function<void()>& begun) {
    switch (job_.what) {
    case work::reads: return reads(begun);
    case work::stream: return stream(begun);
    case work::decodes: return many(begun, [this](std::size_t i) { return decode_again(job_.bodies[i % job_.bodies.size()]); });
    case work::memory: return without_memory(begun);
    case work::parked: return parked(begun);
    }
    return {};
  }

  /// As many children as asked for; then `begun`.
  template<class F> weir::task<> many(const std::function<void()>& begun, F child) {
    co_await weir::with_scope([&](weir::scope& s) -> weir::task<> {
      for (std::size_t i = 0; i < job_.count; ++i) {
        s.spawn(child(i));
      }
      co_await weir::yield();
      begun();
    });
  }
  weir::task<> decode_again(const std::string& body) {
    for (;;) {
      const weir::image im = co_await weir::decode_png(runtime_, std::as_bytes(std::span(body)), {.channels = 3});
    }
  }
  weir::task<> reads(const std::function<void()>& begun) {
    auto files = weir::files(job_.paths) | weir::repeat(1'000'000'000) | weir::read({.in_flight = job_.count});
    begun();
    co_await std::move(files).for_each([](const weir::encoded&) {});
  }
  weir::task<> stream(const std::function<void()>& begun) {
    auto images = weir::files(job_.paths) | weir::repeat(1'000'000'000) | weir::read() |
                  weir::decode_png({.channels = 3}, weir::order::input, job_.count);
    begun();
    co_await std::move(images).for_each([](const weir::image&) {});
  }
  /// The first has all the memory there is.
  weir::task<> without_memory(const std::function<void()>& begun) {
    const std::string& body = job_.bodies.front();
    const weir::image all = co_await weir::decode_png(runtime_, std::as_bytes(std::span(body)), {.channels = 3});
    co_await many(begun, [this](std::size_t) { return decode_again(job_.bodies.front()); });
  }
  weir::task<> parked(const std::function<void()>& begun) {
    weir::channel<int> never(1);
    co_await many(begun, [&never](std::size_t) { return receive(never); });
  }
  static weir::task<> receive(weir::channel<int>& from) {
    const std::optional<int> nothing = co_await from.receive();
    static_cast<void>(nothing);
  }

  const job& job_;
  weir::runtime runtime_;
  weir::stop_handle stop_;
};

} // namespace

std::unique_ptr<contender> make_weir(const job& j) { return std::make_unique<weir_side>(j); }

} // namespace quiescence
