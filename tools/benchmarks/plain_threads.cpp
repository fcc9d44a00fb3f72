// The baseline: N plain threads, each reading its share of the files (open, fstat, read, close, into one buffer) and decoding
// them with the calls of plain_decode.cpp into one buffer.
//   plain_threads [--threads N] [--channels N] [--bits N] [--list] @FILE
// @FILE has one path a line. Prints one JSON object; with --list (on one thread) the lines that stream_decode --list has, but
// for the messages, instead: a truth to compare with.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <zlib.h>

#include "plain_decode.hpp"

namespace {

struct arguments {
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  int channels = 3;
  int bits = 8;
  bool list = false;
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

struct totals {
  std::atomic<std::uint64_t> images{0};
  std::atomic<std::uint64_t> errors{0};
};

void decode_share(const arguments& asked, const std::vector<std::string>& paths, unsigned share, totals& into) {
  std::vector<std::byte> file;
  std::vector<std::byte> pixels;
  std::uint64_t images = 0;
  std::uint64_t errors = 0;
  for (std::size_t index = share; index < paths.size(); index += asked.threads) {
    bool opened = false;
    const ssize_t size = read_file(paths[index], file, opened);
    const bool good =
        size >= 0 &&
        plain::decode({file.data(), static_cast<std::size_t>(size)}, asked.channels, asked.bits, pixels).error.empty();
    ++(good ? images : errors);
  }
  into.images += images;
  into.errors += errors;
}

int time_it(const arguments& asked, const std::vector<std::string>& paths) {
  totals sum;
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  threads.reserve(asked.threads);
  for (unsigned share = 0; share < asked.threads; ++share)
    threads.emplace_back([&, share] { decode_share(asked, paths, share, sum); });
  for (std::thread& thread : threads)
    thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"images\": %llu, \"errors\": %llu, \"threads\": %u, \"seconds\": %.6f, \"images_per_second\": %.3f}\n",
              static_cast<unsigned long long>(sum.images), static_cast<unsigned long long>(sum.errors), asked.threads, seconds,
              static_cast<double>(sum.images) / seconds);
  return 0;
}

bool parse(int argc, char** argv, arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--list")
      into.list = true;
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
  return !into.paths_file.empty() && into.channels >= 0 && into.channels <= 4 && (into.bits == 8 || into.bits == 16);
}

} // namespace

int main(int argc, char** argv) {
  arguments asked;
  if (!parse(argc, argv, asked)) {
    std::fputs("usage: plain_threads [--threads N] [--channels 0..4] [--bits 8|16] [--list] @FILE\n", stderr);
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
  return asked.list ? list(asked, paths) : time_it(asked, paths);
}
