#include "settings.hpp"

#include <cerrno>
#include <system_error>

#include "../io/forbid.hpp"
#include "png_files.hpp"

using namespace weir::test;

namespace {

// The system calls of io_uring have the same numbers everywhere.
bool without_rings_eperm() { return forbid(425, 427, EPERM); }
bool without_rings_enosys() { return forbid(425, 427, ENOSYS); }

} // namespace

TEST_CASE("child: io_uring is forbidden", "[.][forbidden]") {
  const bool hosted = GENERATE(false, true);
  place p({hosted, weir::engine_choice::automatic});
  REQUIRE(p.rt->engine_name() == "blocking");
  png_directory d;
  for (int i = 0; i < 10; ++i) {
    d.png(16, 16);
  }
  std::size_t images = 0;
  auto work = [&]() -> weir::task<> {
    auto decoded = weir::files(d.paths) | weir::read() | weir::decode_png({.channels = 3}) | weir::batched(4);
    auto take = [&](const weir::image_batch& b) { images += b.size(); };
    co_await std::move(decoded).for_each(take);
  };
  REQUIRE(p.rt->run(work()).done());
  REQUIRE(images == 10);
  p.rt.reset();

  host h;
  weir::runtime_options o;
  o.engine = weir::engine_choice::uring;
  if (hosted) {
    o.loop = weir::on(&h.uv);
  }
  REQUIRE_THROWS_AS(weir::runtime(o), std::system_error);
  uv_run(&h.uv, UV_RUN_DEFAULT);
}

TEST_CASE("where io_uring is forbidden it fails when asked for by name, and else files are read without it") {
  REQUIRE(in_a_process_of_its_own("child: io_uring is forbidden", without_rings_eperm) == 0);
  REQUIRE(in_a_process_of_its_own("child: io_uring is forbidden", without_rings_enosys) == 0);
}
