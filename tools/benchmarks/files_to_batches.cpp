// What weir's pipeline does with files, measured from inside: the part of tools/bench pipeline and peers that has to be
// compiled.
//   files_to_batches [--loop own|uv] [--engine uring|blocking] [--workers N] [--memory MIB] [--batch N] [--passes N]
//                    [--shapes ragged|same] [--stop-after BATCHES] @FILE
// @FILE has one path a line. Prints one JSON object. `seconds` are from the first file taken to the end, teardown included, and
// `cpu` is by thread: read (the engine's), decode (the workers), rest (the loop). With --stop-after, `stop` is what a stop
// after so many batches took: to the return of `run`, and until the runtime was gone as well.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <uv.h>
#include <weir/weir.hpp>

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
  std::string paths_file;
};

bool parse(int argc, char** argv, arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.starts_with('@')) {
      into.paths_file = name.substr(1);
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
};

weir::task<> run_pipeline(const arguments& asked, std::shared_ptr<const std::vector<std::string>> paths, weir::stop_handle stop,
                          counts& c) {
  auto batches = weir::files(std::move(paths)) | weir::repeat(asked.passes) | weir::read() | weir::decode_png({.channels = 3}) |
                 weir::on_error(weir::skip_bad{}) | weir::batched(asked.batch, {.shapes = asked.shapes});
  auto count = [&](const weir::image_batch& b) {
    if (c.batches++ == 0)
      c.first_batch = seconds_since(c.start);
    c.images += b.size();
    if (c.batches == asked.stop_after) {
      c.stopped = clock_type::now();
      stop.request_stop();
    }
  };
  c.start = clock_type::now();
  co_await std::move(batches).for_each(count);
}

/// Seconds of the processor by what a thread is for; its name says that. Threads that have ended aren't in it.
std::map<std::string, double> processor_seconds() {
  std::map<std::string, double> sums{{"read", 0}, {"decode", 0}, {"rest", 0}};
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    double nanoseconds = 0;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    std::ifstream(entry.path() / "schedstat") >> nanoseconds;
    const bool loop = entry.path().filename() == std::to_string(getpid());
    // libuv's own threads have the program's name.
    sums[loop ? "rest" : name.starts_with("weir-work") ? "decode" : "read"] += nanoseconds * 1e-9;
  }
  return sums;
}

std::size_t count_threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// VmHWM, VmRSS: bytes.
std::uint64_t resident(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":"))
      return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10) * 1024;
  return 0;
}

void measure(const arguments& asked, std::shared_ptr<const std::vector<std::string>> paths) {
  uv_loop_t host{};
  if (asked.uv)
    uv_loop_init(&host);
  const auto before_all = clock_type::now();
  const double before_rest = processor_seconds().at("rest");
  weir::runtime_options options{.workers = asked.workers, .memory = asked.memory, .engine = asked.engine};
  if (asked.uv)
    options.loop = weir::on(&host);
  auto rt = std::make_unique<weir::runtime>(options);
  weir::stop_handle stop;
  counts c;
  const auto result = rt->run(run_pipeline(asked, std::move(paths), stop, c), stop);
  const double seconds = seconds_since(c.start);
  const double to_return = seconds_since(c.stopped);
  if (result.failed())
    std::fputs("files_to_batches: the run failed\n", stderr);
  const auto cpu = processor_seconds();
  const auto told = rt->metrics();
  std::printf("{\"images\": %zu, \"batches\": %zu, \"seconds\": %.6f, \"images_per_second\": %.3f, \"first_batch\": %.6f, "
              "\"loop\": \"%s\", \"engine\": \"%s\", \"workers\": %d, \"copies\": %llu, \"high_water\": %llu, ",
              c.images, c.batches, seconds, static_cast<double>(c.images) / seconds, c.first_batch,
              std::string(rt->loop_name()).c_str(), std::string(rt->engine_name()).c_str(), rt->workers(),
              static_cast<unsigned long long>(told.copies), static_cast<unsigned long long>(told.memory_high_water));
  std::printf("\"start_up\": %.6f, \"cpu\": {\"read\": %.6f, \"decode\": %.6f, \"rest\": %.6f}, ",
              std::chrono::duration<double>(c.start - before_all).count(), cpu.at("read"), cpu.at("decode"),
              cpu.at("rest") - before_rest);
  const auto before_end = clock_type::now();
  rt.reset();
  if (asked.uv)
    uv_loop_close(&host);
  if (asked.stop_after > 0 && c.batches >= asked.stop_after)
    std::printf("\"stop\": {\"run\": %.6f, \"all\": %.6f, \"threads_left\": %zu, \"resident_left\": %llu}, ", to_return,
                to_return + seconds_since(before_end), count_threads() - 1, static_cast<unsigned long long>(resident("VmRSS")));
  std::printf("\"peak_resident\": %llu}\n", static_cast<unsigned long long>(resident("VmHWM")));
}

} // namespace

int main(int argc, char** argv) {
  arguments asked;
  if (!parse(argc, argv, asked)) {
    std::fputs("usage: files_to_batches [--loop own|uv] [--engine uring|blocking] [--workers N] [--memory MIB] [--batch N]\n"
               "                        [--passes N] [--shapes ragged|same] [--stop-after BATCHES] @FILE\n",
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
