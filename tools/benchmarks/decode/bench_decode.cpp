// Times PNG decoders on images in memory, on one thread: the part of `tools/bench decode` that has to be compiled.
//   bench_decode [--rounds N] [--least SECONDS] [--only NAME]… [--plugin FILE]… < LIST
// A line of the list: CLASS TAB PATH, those of a class together. Prints a JSON object a line: first the decoders, then each
// class once it is measured.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "decoder.hpp"
#include "measure.hpp"

namespace {

struct arguments {
  bench::measure_options measure;
  std::vector<std::string> only;
  std::vector<std::string> plugins;
};

arguments parse(int argc, char** argv) {
  arguments asked;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--rounds")
      asked.measure.rounds = std::max(1, std::atoi(value));
    else if (name == "--least")
      asked.measure.least_seconds = std::atof(value);
    else if (name == "--only")
      asked.only.emplace_back(value);
    else if (name == "--plugin")
      asked.plugins.emplace_back(value);
    else
      throw std::runtime_error("no such option: " + name);
  }
  if (argc % 2 == 0)
    throw std::runtime_error("an option without a value");
  return asked;
}

std::vector<bench::decoder> decoders(const arguments& asked) {
  std::vector<bench::decoder> all;
  bench::add_weir(all);
  bench::add_libpng(all);
  for (const std::string& plugin : asked.plugins)
    all.push_back(bench::load_plugin(plugin));
#ifdef WEIR_WITH_SPNG
  bench::add_spng(all);
#endif
#ifdef WEIR_WITH_LODEPNG
  bench::add_lodepng(all);
#endif
#ifdef WEIR_WITH_STB
  bench::add_stb(all);
#endif
#ifdef WEIR_WITH_OPENCV
  bench::add_opencv(all);
#endif
  if (!asked.only.empty())
    std::erase_if(all, [&](const bench::decoder& d) {
      return std::find(asked.only.begin(), asked.only.end(), d.name) == asked.only.end();
    });
  return all;
}

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream from(path, std::ios::binary);
  if (!from)
    throw std::runtime_error(path + ": cannot be read");
  const std::vector<char> bytes{std::istreambuf_iterator<char>(from), {}};
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {first, first + bytes.size()};
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\')
      result += '\\';
    result += byte;
  }
  return result + '"';
}

std::string json(const bench::result& r) {
  if (!r.unable.empty())
    return fmt::format("{}: {{\"unable\": {}}}", quoted(r.decoder), quoted(r.unable));
  std::string rounds;
  for (const double rate : r.megabytes)
    rounds += fmt::format("{}{:.3f}", rounds.empty() ? "" : ", ", rate);
  return fmt::format("{}: {{\"MB_per_second\": [{}], \"allocations\": {:.2f}, \"peak\": {:.0f}, \"differences\": {}}}",
                     quoted(r.decoder), rounds, r.allocations, r.peak, r.differences);
}

void report(const std::string& name, const std::vector<std::string>& paths, const std::vector<bench::decoder>& all,
            const arguments& asked) {
  std::vector<bench::sample> samples;
  std::size_t refused = 0;
  std::size_t claimed = 0;
  std::size_t output = 0;
  std::size_t input = 0;
  for (const std::string& path : paths) {
    auto made = bench::make_sample(read_file(path));
    if (!made) {
      ++refused;
      continue;
    }
    claimed += bench::fast_claims(*made) ? 1 : 0;
    output += made->bytes();
    input += made->file.size();
    samples.push_back(std::move(*made));
  }
  std::string results;
  if (!samples.empty())
    for (const bench::result& r : bench::measure(samples, all, asked.measure))
      results += (results.empty() ? "" : ", ") + json(r);
  fmt::print("{{\"class\": {}, \"images\": {}, \"refused\": {}, \"fast\": {}, \"file_bytes\": {}, \"pixel_bytes\": {}, "
             "\"decoders\": {{{}}}}}\n",
             quoted(name), samples.size(), refused, claimed, input, output, results);
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  try {
    const arguments asked = parse(argc, argv);
    const auto all = decoders(asked);
    std::string versions;
    for (const bench::decoder& d : all)
      versions += fmt::format("{}{}: {}", versions.empty() ? "" : ", ", quoted(d.name), quoted(d.version));
    fmt::print("{{\"decoders\": {{{}}}}}\n", versions);
    std::string current;
    std::vector<std::string> paths;
    for (std::string line; std::getline(std::cin, line);) {
      const auto tab = line.find('\t');
      if (tab == std::string::npos)
        throw std::runtime_error("not a line of a list: " + line);
      if (line.substr(0, tab) != current && !paths.empty()) {
        report(current, paths, all, asked);
        paths.clear();
      }
      current = line.substr(0, tab);
      paths.push_back(line.substr(tab + 1));
    }
    if (!paths.empty())
      report(current, paths, all, asked);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "bench_decode: {}\n", problem.what());
    return 2;
  }
}
