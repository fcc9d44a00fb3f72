// A server's part: request bodies come on any thread, each is decoded with a deadline, and a client may leave at any time. The
// "requests" are the PNG files named on the command line; the last client leaves.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [readme]
weir::task<weir::image> decode_request(weir::runtime& rt, std::span<const std::byte> body) {
  co_return co_await weir::with_deadline(2s, weir::decode_png(rt, body, {.channels = 3})); // throws deadline_exceeded
}
// [/readme]

void answer(int request, weir::outcome<weir::image> o) { // on the loop thread
  switch (o.how()) {
  case weir::ending::done: {
    const weir::image im = o.value();
    std::printf("request %d: %d x %d\n", request, im.width(), im.height());
    return;
  }
  case weir::ending::failed: try { std::rethrow_exception(o.error());
    } catch (const weir::deadline_exceeded&) {
      std::printf("request %d: too late\n", request);
    } catch (const std::exception& e) {
      std::printf("request %d: %s\n", request, e.what());
    }
    return;
  case weir::ending::stopped: std::printf("request %d: the client has left\n", request);
  }
}

int main(int argc, char** argv) {
  std::vector<std::string> bodies;
  for (int i = 1; i < argc; ++i) {
    std::ifstream from(argv[i], std::ios::binary);
    bodies.emplace_back(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
  }
  weir::runtime rt{{.workers = 2}};
  std::thread network([&] { // stands for yours
    for (int i = 0; i < static_cast<int>(bodies.size()); ++i) {
      const auto body = std::as_bytes(std::span(bodies[static_cast<std::size_t>(i)]));
      const weir::stop_handle stop =
          rt.start(decode_request(rt, body), [i](weir::outcome<weir::image> o) { answer(i, std::move(o)); });
      if (i + 1 == static_cast<int>(bodies.size())) {
        stop.request_stop();
      }
    }
  });
  network.join();
  rt.run(); // until all are answered; a server would run a task that ends with it
}
