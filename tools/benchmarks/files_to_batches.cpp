// What weir's pipeline does with files, measured from inside: the part of tools/bench pipeline and peers that has to be
// compiled.
//   files_to_batches [--loop own|uv] [--engine uring|blocking] [--workers N] [--memory MIB] [--batch N] [--passes N]
//                    [--shapes ragged|same] [--stop-after BATCHES] [--digest] @FILE
// @FILE has one path a line. Prints one JSON object. `seconds` are from the first file taken to the end of the run, teardown
// included; `whole` begins before there is a runtime and ends when it is gone. `cpu` is the processor's seconds in `whole`
// (all), and by thread: read (the engine's), decode (the workers), rest (the loop). With --stop-after, `stop` is what a stop
// after so many batches took: to the return of `run`, and until the runtime was gone as well; and what there is then that there
// wasn't before it. With --digest, `digest` has the CRC-32 of each image's pixels, in order.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <uv.h>
#include <weir/weir.hpp>
#include <zlib.h>

#include "resources.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point start) { return std::chrono::duration<double>(clock_type::now() - start).count(); }

struct arguments {
  bool uv = false;
  weir::engine_choice engine = weir::engine_choice::automatic;
  int workers = 0;
  std::uint64_t memory = std::uint64_t{256} << 20U;
  std::size_t batch = 32;
  std::size_t passes = 1;
  weir::shapes shapes = weir::shapes::ragged;
  std::size_t stop_after = 0;
  bool digest = false;
  std::string paths_file;
};

bool parse(int argc, char** argv, arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.starts_with('@')) {
      into.paths_file = name.substr(1);
      continue;
    }
    if (name == "--digest") {
      into.digest = true;
      continue;
    }
    if (i + 1 == argc)
      return false;
    const std::string value = argv[++i];
    const auto number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--loop" && (value == "own" || value == "uv"))
      into.uv = value == "uv";
    else if (name == "--engine" && (value == "uring" || value == "blocking"))
      into.engine = value == "uring" ? weir::engine_choice::uring : weir::engine_choice::blocking;
    else if (name == "--workers")
      into.workers = static_cast<int>(number);
    else if (name == "--memory")
      into.memory = number << 20U;
    else if (name == "--batch" && number > 0)
      into.batch = number;
    else if (name == "--passes" && number > 0)
      into.passes = number;
    else if (name == "--shapes" && (value == "ragged" || value == "same"))
      into.shapes = value == "same" ? weir::shapes::same : weir::shapes::ragged;
    else if (name == "--stop-after")
      into.stop_after = number;
    else
      return false;
  }
  return !into.paths_file.empty();
}

/// What the run sees on its way.
struct counts {
  clock_type::time_point start;
  double first_batch = 0; ///< seconds
  std::size_t images = 0;
  std::size_t batches = 0;
  clock_type::time_point stopped;
  std::vector<unsigned long> digests;
};

unsigned long digest(const weir::image& im) {
  const auto pixels = im.pixels();
  return crc32_z(0, reinterpret_cast<const Bytef*>(pixels.data()), pixels.size());
}

weir::task<> run_pipeline(const arguments& asked, std::shared_ptr<const std::vector<std::string>> paths, weir::stop_handle stop,
                          counts& c) {
  auto batches = weir::files(std::move(paths)) | weir::repeat(asked.passes) | weir::read() | weir::decode_png({.channels = 3}) |
                 weir::on_error(weir::skip_bad{}) | weir::batched(asked.batch, {.shapes = asked.shapes});
  auto count = [&](const weir::image_batch& b) {
    if (c.batches++ == 0)
      c.first_batch = seconds_since(c.start);
    c.images += b.size();
    if (asked.digest)
      for (const weir::image& im : b)
        c.digests.push_back(digest(im));
    if (c.batches == asked.stop_after) {
      c.stopped = clock_type::now();
      stop.request_stop();
    }
  };
  c.start = clock_type::now();
  co_await std::move(batches).for_each(count);
}

/// A pipeline's run, with its runtime.
struct run_report {
  double start_up = 0, seconds = 0, whole = 0; ///< seconds
  double stop_to_return = 0, stop_to_gone = 0; ///< seconds
  double cpu_all = 0;                          ///< seconds
  std::map<std::string, double> cpu;           ///< seconds
  std::string loop, engine;
  int workers = 0;
  weir::metrics_report told;
};

run_report run(const arguments& asked, std::shared_ptr<const std::vector<std::string>> paths, counts& c) {
  run_report r;
  uv_loop_t host{};
  if (asked.uv)
    uv_loop_init(&host);
  const double cpu_before = plain::processor_seconds();
  const double rest_before = plain::processor_seconds_by_part().at("rest");
  const auto before = clock_type::now();
  weir::runtime_options options{.workers = asked.workers, .memory = asked.memory, .engine = asked.engine};
  if (asked.uv)
    options.loop = weir::on(&host);
  auto rt = std::make_unique<weir::runtime>(options);
  weir::stop_handle stop;
  const auto result = rt->run(run_pipeline(asked, std::move(paths), stop, c), stop);
  r.seconds = seconds_since(c.start);
  r.stop_to_return = seconds_since(c.stopped);
  if (result.failed())
    std::fputs("files_to_batches: the run failed\n", stderr);
  r.start_up = std::chrono::duration<double>(c.start - before).count();
  const auto counting = clock_type::now(); // what is asked here is not the run's
  r.cpu = plain::processor_seconds_by_part();
  r.cpu["rest"] -= rest_before;
  r.told = rt->metrics();
  r.loop = rt->loop_name();
  r.engine = rt->engine_name();
  r.workers = rt->workers();
  const double counted = seconds_since(counting);
  rt.reset();
  if (asked.uv)
    uv_loop_close(&host);
  r.whole = seconds_since(before) - counted;
  r.stop_to_gone = seconds_since(c.stopped) - counted;
  r.cpu_all = plain::processor_seconds() - cpu_before;
  return r;
}

void measure(const arguments& asked, std::shared_ptr<const std::vector<std::string>> paths) {
  const std::size_t threads_before = plain::count_threads();
  const std::uint64_t resident_before = plain::resident("VmRSS");
  counts c;
  const run_report r = run(asked, std::move(paths), c);
  std::printf("{\"images\": %zu, \"batches\": %zu, \"seconds\": %.6f, \"whole\": %.6f, \"images_per_second\": %.3f, "
              "\"start_up\": %.6f, \"first_batch\": %.6f, \"loop\": \"%s\", \"engine\": \"%s\", \"workers\": %d, ",
              c.images, c.batches, r.seconds, r.whole, static_cast<double>(c.images) / r.seconds, r.start_up, c.first_batch,
              r.loop.c_str(), r.engine.c_str(), r.workers);
  std::printf("\"copies\": %llu, \"high_water\": %llu, ", static_cast<unsigned long long>(r.told.copies),
              static_cast<unsigned long long>(r.told.memory_high_water));
  std::printf("\"cpu\": {\"read\": %.6f, \"decode\": %.6f, \"rest\": %.6f, \"all\": %.6f}, ", r.cpu.at("read"),
              r.cpu.at("decode"), r.cpu.at("rest"), r.cpu_all);
  if (asked.stop_after > 0 && c.batches >= asked.stop_after)
    std::printf("\"stop\": {\"run\": %.6f, \"all\": %.6f, \"threads_left\": %zu, \"resident_left\": %lld}, ", r.stop_to_return,
                r.stop_to_gone, plain::count_threads() - threads_before,
                static_cast<long long>(plain::resident("VmRSS")) - static_cast<long long>(resident_before));
  if (asked.digest) {
    std::fputs("\"digest\": [", stdout);
    for (std::size_t i = 0; i < c.digests.size(); ++i)
      std::printf("%s%lu", i == 0 ? "" : ", ", c.digests[i]);
    std::fputs("], ", stdout);
  }
  std::printf("\"peak_resident\": %llu}\n", static_cast<unsigned long long>(plain::resident("VmHWM")));
}

} // namespace

int main(int argc, char** argv) {
  arguments asked;
  if (!parse(argc, argv, asked)) {
    std::fputs("usage: files_to_batches [--loop own|uv] [--engine uring|blocking] [--workers N] [--memory MIB] [--batch N]\n"
               "                        [--passes N] [--shapes ragged|same] [--stop-after BATCHES] [--digest] @FILE\n",
               stderr);
    return 2;
  }
  auto paths = std::make_shared<std::vector<std::string>>();
  std::ifstream from(asked.paths_file, std::ios::binary);
  for (std::string line; std::getline(from, line);)
    if (!line.empty())
      paths->push_back(line);
  try {
    measure(asked, paths);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "files_to_batches: %s\n", problem.what());
    return 2;
  }
  return 0;
}
