#include "npy.hpp"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <sys/stat.h>
#include <vector>

#include "output_error.hpp"
#include "temporary_directory.hpp"

using namespace stream_decode;

namespace {

using dimensions = std::vector<std::uint64_t>;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::ptrdiff_t entries(const std::string& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

} // namespace

TEST_CASE("a header is a NumPy 1.0 header, and the data behind it is aligned to 64 bytes") {
  const auto header = npy_header(dimensions{32, 512, 640, 3}, 8);
  CHECK(header.size() % 64 == 0);
  CHECK(header.substr(0, 8) == std::string("\x93NUMPY\x01\0", 8));
  CHECK(static_cast<unsigned char>(header[8]) + 256U * static_cast<unsigned char>(header[9]) == header.size() - 10);
  CHECK(header.substr(10).starts_with("{'descr': '|u1', 'fortran_order': False, 'shape': (32, 512, 640, 3,), }"));
  CHECK(header.back() == '\n');
  CHECK(npy_header(dimensions{1, 1, 1}, 16).find("u2'") != std::string::npos);
  for (std::uint64_t n = 1; n != 0; n *= 10) {
    CHECK(npy_header(dimensions{n, n, n, n}, 16).size() % 64 == 0);
    if (n > 1'000'000'000'000'000'000U)
      break;
  }
}

TEST_CASE("a file is its header and its parts, and replaces what was there") {
  const temporary_directory at;
  const auto path = at.file("x.npy", std::string(10'000, 'x'));
  const std::string first = "abc";
  const std::string second = "def";
  const std::array parts = {bytes(first), bytes(second)};
  CHECK(write_npy(path, dimensions{2, 1, 1, 3}, 8, parts));
  CHECK(bytes_of(path) == npy_header(dimensions{2, 1, 1, 3}, 8) + "abcdef");
  CHECK(entries(at.path()) == 1);
}

TEST_CASE("a failure names the file and the reason and leaves nothing behind") {
  const temporary_directory at;
  const std::string data = "abc";
  const std::array parts = {bytes(data)};
  CHECK_THROWS_WITH(write_npy(at / "missing/x.npy", dimensions{1, 1, 3}, 8, parts),
                    Catch::Contains("missing/x.npy") && Catch::Contains("No such file"));
  std::filesystem::create_directory(at / "taken.npy");
  CHECK_THROWS_AS(write_npy(at / "taken.npy", dimensions{1, 1, 3}, 8, parts), output_error);
  CHECK(entries(at.path()) == 1);
}

TEST_CASE("a stopped write keeps the old file and leaves nothing behind") {
  const temporary_directory at;
  const auto path = at.file("x.npy", "old");
  const std::string data = "abc";
  const std::array parts = {bytes(data)};
  const std::atomic<bool> stop = true;
  CHECK_FALSE(write_npy(path, dimensions{1, 1, 3}, 8, parts, weir::stop_flag(&stop)));
  CHECK(bytes_of(path) == "old");
  CHECK(entries(at.path()) == 1);
}

TEST_CASE("the output directory is made where it is missing, and its parent has to be there") {
  const temporary_directory at;
  make_output_directory(at / "new");
  make_output_directory(at / "new");
  CHECK(std::filesystem::is_directory(at / "new"));
  CHECK_THROWS_AS(make_output_directory(at / "no/parent"), output_error);
  CHECK_THROWS_WITH(make_output_directory(at.file("file")), Catch::Contains("Not a directory"));
}

TEST_CASE("files are numbered with six digits and more") {
  CHECK(batch_file("d", 0) == "d/batch-000000.npy");
  CHECK(image_file("d", 1'234'567) == "d/image-1234567.npy");
}
