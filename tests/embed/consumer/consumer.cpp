// A program of somebody else's, that uses the library as it is installed: counts the images in the files named, batch by batch.
#include <cstdio>
#include <string>
#include <vector>

#include <weir/weir.hpp>

int main(int argc, char** argv) {
  weir::runtime rt{{.workers = 2}};
  auto batches = weir::files(std::vector<std::string>(argv + 1, argv + argc)) | weir::read() |
                 weir::decode_png({.channels = 3}) | weir::on_error(weir::skip_bad{}) | weir::batched(4);
  std::size_t images = 0;
  auto count = [&](weir::image_batch b) { images += b.tensor().count; };
  auto outcome = rt.run(std::move(batches).for_each(count));
  std::printf("%zu images\n", images);
  return outcome.done() ? 0 : 1;
}
