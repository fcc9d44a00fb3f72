#include "block_writer.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

#include "output_error.hpp"
#include "temporary_directory.hpp"

using cli::signals;
using namespace stream_decode;

TEST_CASE("a writer writes in blocks, and the rest when it is flushed") {
  const temporary_directory at;
  const int to = open((at / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  block_writer out(to, nullptr);
  out.write("line\n");
  CHECK(bytes_of(at / "out").empty());
  out.write(std::string(1U << 17U, 'x'));
  CHECK(bytes_of(at / "out").size() == 5 + (1U << 17U));
  out.write("last\n");
  out.flush();
  CHECK(bytes_of(at / "out") == "line\n" + std::string(1U << 17U, 'x') + "last\n");
  close(to);
}

TEST_CASE("a closed pipe is an error that names stdout, and is said once") {
  const signals taken; // ignores SIGPIPE
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  block_writer out(ends[1], nullptr);
  out.write("line\n");
  CHECK_THROWS_WITH(out.flush(), "stdout: cannot be written: Broken pipe");
  CHECK_NOTHROW(out.flush());
  close(ends[1]);
}

TEST_CASE("a full pipe doesn't hold up one who has been told to stop, and loses nothing") {
  signals taken;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  block_writer out(ends[1], &taken);
  const std::string text(1U << 20U, 'x');
  raise(SIGINT);
  out.write(text); // comes back, though nobody reads
  std::string got;
  std::thread reader([&] {
    std::string piece(1U << 16U, '\0');
    for (ssize_t n = 0; (n = read(ends[0], piece.data(), piece.size())) > 0;)
      got.append(piece, 0, static_cast<std::size_t>(n));
  });
  out.flush();
  close(ends[1]);
  reader.join();
  CHECK(got == text);
  close(ends[0]);
}
