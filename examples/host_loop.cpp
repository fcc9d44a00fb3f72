// In a program that already has a libuv loop: the coroutines run there, and never block it. Batches the PNG files named on the
// command line while a timer of the host's ticks; Ctrl-C, taken by the host's loop, stops it.
#include <cstdio>
#include <string>
#include <vector>

#include <csignal>

#include <uv.h>
#include <weir/weir.hpp>

namespace {

weir::task<> count_images(std::vector<std::string> paths, std::size_t& images) {
  auto batches = weir::files(std::move(paths)) | weir::read() | weir::decode_png({.channels = 3}) |
                 weir::on_error(weir::skip_bad{}) | weir::batched(8, {.shapes = weir::shapes::grouped});
  auto count = [&](const weir::image_batch& b) { images += b.size(); };
  co_await std::move(batches).for_each(count);
}

} // namespace

int main(int argc, char** argv) {
  uv_loop_t* const uv_loop = uv_default_loop();
  uv_timer_t ticks; // stands for what the host does
  uv_timer_init(uv_loop, &ticks);
  uv_timer_start(
      &ticks, [](uv_timer_t*) {}, 1, 1);
  uv_signal_t interrupt;
  uv_signal_init(uv_loop, &interrupt);

  std::size_t images = 0;
  bool done = false;
  {
    weir::runtime rt{{.workers = 2, .loop = weir::on(uv_loop)}};
    weir::stop_handle stop = rt.start(count_images({argv + 1, argv + argc}, images), [&](weir::outcome<> o) {
      done = o.done();
      uv_close(reinterpret_cast<uv_handle_t*>(&ticks), nullptr);
      uv_close(reinterpret_cast<uv_handle_t*>(&interrupt), nullptr);
      rt.close([&] { uv_stop(uv_loop); }); // its handles need turns of the host's loop to go
    });
    interrupt.data = &stop;
    uv_signal_start(
        &interrupt, [](uv_signal_t* s, int) { static_cast<weir::stop_handle*>(s->data)->request_stop(); }, SIGINT);
    uv_run(uv_loop, UV_RUN_DEFAULT);
  }
  std::printf("%zu images%s\n", images, done ? "" : ", stopped");
  return uv_loop_close(uv_loop) == 0 ? 0 : 1;
}
