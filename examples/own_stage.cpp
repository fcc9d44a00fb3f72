// A stage of one's own, between the decode and the batch: of the PNG files named on the command line, those at least 32 wide.
#include <cstdio>
#include <string>
#include <vector>

#include <weir/weir.hpp>

// [readme]
weir::async_generator<weir::image> larger_than(weir::stream_of<weir::image> auto in, int side) {
  while (auto im = co_await in.next()) {
    if (im->width() >= side) {
      co_yield std::move(*im);
    }
  }
}
// [/readme]

int main(int argc, char** argv) {
  weir::runtime rt{{.workers = 2}};
  auto images = weir::files(std::vector<std::string>(argv + 1, argv + argc)) | weir::read() | weir::decode_png() |
                weir::through([](auto in) { return larger_than(std::move(in), 32); }) |
                weir::on_error(weir::skip_bad{}, [](const weir::item_info& which, const std::exception_ptr&) {
                  std::printf("skipped: %s\n", std::string(which.from.text()).c_str());
                });
  auto print = [](const weir::image& im) {
    std::printf("%d x %d: %s\n", im.width(), im.height(), std::string(im.origin()).c_str());
  };
  return rt.run(std::move(images).for_each(print)).done() ? 0 : 1;
}
