// Streams the PNG files named on the command line into batches, for a model that takes its time.
#include <cstdio>
#include <string>
#include <vector>

#include <weir/weir.hpp>

struct some_model { // stands for yours
  weir::task<> infer(weir::tensor_view batch) {
    std::printf("%zu images of %u x %u x %d\n", batch.count, batch.shape.height, batch.shape.width, batch.shape.channels);
    co_await weir::yield();
  }
};

int main(int argc, char** argv) {
  const std::vector<std::string> paths(argv + 1, argv + argc);
  some_model model;
  // [readme]
  using namespace weir::literals;
  weir::runtime rt{{.workers = 4, .memory = 512_MiB}};
  auto images = weir::files(paths) | weir::read() | weir::decode_png({.channels = 3}) |
                weir::on_error(weir::skip_bad{.max_count = 100, .max_rate = 0.01}) | weir::batched(32) | weir::prefetch(2);
  auto outcome = rt.run(std::move(images).for_each([&](weir::image_batch b) -> weir::task<> {
    co_await model.infer(b.tensor()); // uint8 NHWC, one block, decoded in place
  }));
  // outcome is done, failed or stopped; by now nothing of it is alive, and rt.audit() says so.
  // [/readme]
  try {
    outcome.value();
  } catch (const std::exception& e) { // the first file that is one bad file too many, with its name
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
