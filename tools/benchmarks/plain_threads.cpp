// The baseline: N plain threads, each reading its share of the files (open, fstat, read, close, into one buffer) and decoding
// them into one buffer: with the calls of plain_decode.cpp, or (--decoder weir) as a worker of weir's does, or (--plugin) by a
// decoder in a shared library (decode/plugin.h).
//   plain_threads [--threads N] [--channels N] [--bits N] [--decoder libpng|weir] [--buffers N] [--plugin LIBRARY]
//                 [--in-memory] [--parts] [--list] @FILE
// @FILE has one path a line. --buffers: with weir's decoder, into so many buffers in turn, as many as who makes batches needs.
// --in-memory: the files are read before the clock starts. --parts: also the processor's seconds of reading and of decoding,
// which costs some time to ask for. Prints one JSON object; with --list (libpng, on one thread) the lines that stream_decode
// --list has, but for the messages, instead: a truth to compare with.
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <zlib.h>

#include "decode/plugin_library.hpp"
#include "plain_decode.hpp"
#include "resources.hpp"
#include "weir_job.hpp"

namespace {

struct arguments {
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  int channels = 3;
  int bits = 8;
  bool list = false;
  bool weir = false;
  bool in_memory = false;
  bool parts = false;
  std::size_t buffers = 1; // of each thread
  std::optional<bench::plugin_library> plugin;
  std::string paths_file;
};

/// The file's bytes in `into`, which only ever grows. Returns their number, or -1 with errno set and `opened` told.
ssize_t read_file(const std::string& path, std::vector<std::byte>& into, bool& opened) {
  const int from = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  opened = from >= 0;
  if (!opened)
    return -1;
  struct stat status {};
  fstat(from, &status);
  if (into.size() < static_cast<std::size_t>(status.st_size) + 1)
    into.resize(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t size = 0;
  ssize_t got = 0;
  while ((got = read(from, into.data() + size, into.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
    if (size == into.size())
      into.resize(size * 2);
  }
  const int problem = errno;
  close(from);
  errno = problem;
  return got < 0 ? -1 : static_cast<ssize_t>(size);
}

/// TAB, newline and backslash in a path, as stream_decode --list writes them.
void print_escaped(const std::string& path) {
  for (const char byte : path) {
    switch (byte) {
    case '\t': std::fputs("\\t", stdout); break;
    case '\n': std::fputs("\\n", stdout); break;
    case '\\': std::fputs("\\\\", stdout); break;
    default: std::putchar(byte);
    }
  }
}

int list(const arguments& asked, const std::vector<std::string>& paths) {
  std::vector<std::byte> file;
  std::vector<std::byte> pixels;
  for (std::size_t index = 0; index < paths.size(); ++index) {
    bool opened = false;
    const ssize_t size = read_file(paths[index], file, opened);
    std::printf("%zu\t", index);
    print_escaped(paths[index]);
    if (size < 0) {
      std::printf("\terror\t%s\t%s\n", opened ? "read" : "open", std::strerror(errno));
      continue;
    }
    const auto image = plain::decode({file.data(), static_cast<std::size_t>(size)}, asked.channels, asked.bits, pixels);
    if (!image.error.empty()) {
      std::printf("\terror\t%s\t%s\n", image.header_read ? "decode" : "header", image.error.c_str());
      continue;
    }
    const std::size_t bytes =
        std::size_t{image.width} * image.height * image.channels * (static_cast<unsigned>(asked.bits) / 8);
    std::printf("\t%u\t%u\t%u\t%d\t%08lx\n", image.width, image.height, image.channels, asked.bits,
                crc32_z(0, reinterpret_cast<const Bytef*>(pixels.data()), bytes));
  }
  return 0;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// One thread's: what it uses again from file to file, and what came of them.
class share {
public:
  explicit share(const arguments& asked)
      : asked_(asked), job_({.channels = asked.channels, .bits = asked.bits}), buffers_(asked.buffers) {}

  /// Files index, index + threads, … are read.
  void run(const std::vector<std::string>& paths, unsigned index) {
    std::vector<std::byte> file;
    double start = asked_.parts ? thread_seconds() : 0;
    for (std::size_t i = index; i < paths.size(); i += asked_.threads) {
      bool opened = false;
      const ssize_t size = read_file(paths[i], file, opened);
      const double got = asked_.parts ? thread_seconds() : 0;
      count(size >= 0 && decode({file.data(), static_cast<std::size_t>(size)}));
      const double done = asked_.parts ? thread_seconds() : 0;
      reading += got - start;
      decoding += done - got;
      start = done;
    }
  }
  void run(const std::vector<std::vector<std::byte>>& files, unsigned index) {
    for (std::size_t i = index; i < files.size(); i += asked_.threads)
      count(decode(files[i]));
  }

  std::uint64_t images = 0;
  std::uint64_t errors = 0;
  double reading = 0;  ///< seconds of the processor
  double decoding = 0; ///< seconds of the processor

private:
  void count(bool good) { ++(good ? images : errors); }

  bool decode(std::span<const std::byte> file) {
    if (asked_.plugin)
      return asked_.plugin->decode(file.data(), file.size(), asked_.channels) != nullptr;
    if (!asked_.weir)
      return plain::decode(file, asked_.channels, asked_.bits, pixels_).error.empty();
    const auto shape = job_.shape_of(file);
    if (!shape)
      return false;
    std::vector<std::byte>& pixels = buffers_[turn_];
    turn_ = (turn_ + 1) % buffers_.size();
    if (pixels.size() < shape->bytes())
      pixels.resize(shape->bytes());
    return job_.decode(file, pixels, weir::png::decoder_choice::automatic) == weir::png::ending::ok;
  }

  const arguments& asked_;
  plain::weir_job job_;
  std::vector<std::byte> pixels_; // libpng's
  std::vector<std::vector<std::byte>> buffers_;
  std::size_t turn_ = 0;
};

template<class Files> int time_it(const arguments& asked, const Files& files) {
  std::deque<share> shares;
  for (unsigned i = 0; i < asked.threads; ++i)
    shares.emplace_back(asked);
  const double cpu_before = plain::processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  threads.reserve(asked.threads);
  for (unsigned i = 0; i < asked.threads; ++i)
    threads.emplace_back([&files, &shares, i] { shares[i].run(files, i); });
  for (std::thread& thread : threads)
    thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  share sum(asked);
  for (const share& s : shares) {
    sum.images += s.images;
    sum.errors += s.errors;
    sum.reading += s.reading;
    sum.decoding += s.decoding;
  }
  std::printf(
      "{\"images\": %llu, \"errors\": %llu, \"threads\": %u, \"seconds\": %.6f, \"images_per_second\": %.3f, \"cpu\": {",
      static_cast<unsigned long long>(sum.images), static_cast<unsigned long long>(sum.errors), asked.threads, seconds,
      static_cast<double>(sum.images) / seconds);
  if (asked.parts)
    std::printf("\"read\": %.6f, \"decode\": %.6f, ", sum.reading, sum.decoding);
  std::printf("\"all\": %.6f}, \"peak_resident\": %llu}\n", plain::processor_seconds() - cpu_before,
              static_cast<unsigned long long>(plain::resident("VmHWM")));
  return 0;
}

int time_in_memory(const arguments& asked, const std::vector<std::string>& paths) {
  std::vector<std::vector<std::byte>> files;
  std::vector<std::byte> file;
  for (const std::string& path : paths) {
    bool opened = false;
    const ssize_t size = read_file(path, file, opened);
    if (size >= 0)
      files.emplace_back(file.begin(), file.begin() + size);
  }
  return time_it(asked, files);
}

bool parse(int argc, char** argv, arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--list")
      into.list = true;
    else if (argument == "--in-memory")
      into.in_memory = true;
    else if (argument == "--parts")
      into.parts = true;
    else if (argument == "--decoder" && more && (argv[i + 1] == std::string("weir") || argv[i + 1] == std::string("libpng")))
      into.weir = argv[++i] == std::string("weir");
    else if (argument == "--buffers" && more)
      into.buffers = static_cast<std::size_t>(std::max(1, std::atoi(argv[++i])));
    else if (argument == "--plugin" && more)
      into.plugin = bench::open_plugin(argv[++i]);
    else if (argument == "--threads" && more)
      into.threads = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
    else if (argument == "--channels" && more)
      into.channels = std::atoi(argv[++i]);
    else if (argument == "--bits" && more)
      into.bits = std::atoi(argv[++i]);
    else if (argument.starts_with('@') && into.paths_file.empty())
      into.paths_file = argument.substr(1);
    else
      return false;
  }
  if (into.plugin && (into.list || into.bits != 8))
    return false;
  return !into.paths_file.empty() && into.channels >= 0 && into.channels <= 4 && (into.bits == 8 || into.bits == 16);
}

} // namespace

int main(int argc, char** argv) {
  arguments asked;
  try {
    if (!parse(argc, argv, asked)) {
      std::fputs("usage: plain_threads [--threads N] [--channels 0..4] [--bits 8|16] [--decoder libpng|weir]\n"
                 "                     [--buffers N] [--plugin LIBRARY] [--in-memory] [--parts] [--list] @FILE\n",
                 stderr);
      return 2;
    }
  } catch (const std::runtime_error& problem) {
    std::fprintf(stderr, "plain_threads: %s\n", problem.what());
    return 2;
  }
  std::ifstream from(asked.paths_file, std::ios::binary);
  std::vector<std::string> paths;
  for (std::string line; std::getline(from, line);)
    if (!line.empty())
      paths.push_back(line);
  if (!from.eof()) {
    std::fprintf(stderr, "plain_threads: cannot read %s\n", asked.paths_file.c_str());
    return 2;
  }
  if (asked.list)
    return list(asked, paths);
  return asked.in_memory ? time_in_memory(asked, paths) : time_it(asked, paths);
}
