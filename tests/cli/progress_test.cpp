#include "cli/progress.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace cli;
using namespace std::chrono_literals;

namespace {

/// A pipe to draw on.
struct paper {
  int ends[2] = {-1, -1};

  paper() { REQUIRE(pipe(ends) == 0); }
  paper(const paper&) = delete;
  paper& operator=(const paper&) = delete;
  ~paper() {
    close(ends[0]);
    if (ends[1] >= 0)
      close(ends[1]);
  }
  std::string drawn() {
    close(ends[1]);
    ends[1] = -1;
    std::string text(1U << 16U, '\0');
    text.resize(static_cast<std::size_t>(read(ends[0], text.data(), text.size())));
    return text;
  }
};

const progress_bar::clock::time_point start{};

} // namespace

TEST_CASE("a line has the part, the counts, the rate and the time left") {
  const auto line = progress_line(400, {.total = 1000}, 0.5, 100);
  CHECK(line == "[################........................]  40 %  400/1000  800 images/s  0:00 left");
  CHECK(progress_line(10, {.total = 100'000}, 10, 100).ends_with("1 images/s  27:46:30 left"));
  CHECK(progress_line(0, {.total = 10}, 0, 100).ends_with("? left"));
}

TEST_CASE("a line without a total has the time that has passed") {
  CHECK(progress_line(600, {}, 62, 100) == "600 images  10 images/s  1:02");
}

TEST_CASE("a line with a time for all of it has the part of that") {
  CHECK(progress_line(600, {.seconds = 60, .unit = "runs"}, 15, 100) ==
        "[##########..............................]  25 %  600  40 runs/s  0:45 left");
  CHECK(progress_line(1, {.seconds = 0, .unit = "runs"}, 1, 100).find("100 %") != std::string::npos);
}

TEST_CASE("a line is never wider than the terminal, and never past its end") {
  for (unsigned columns = 1; columns < 120; ++columns) {
    CHECK(progress_line(400, {.total = 1000}, 0.5, columns).size() <= columns);
    CHECK(progress_line(400, {}, 0.5, columns).size() <= columns);
    CHECK(progress_line(400, {.seconds = 9}, 0.5, columns).size() <= columns);
  }
  CHECK(progress_line(20, {.total = 10}, 1, 100).find("100 %") != std::string::npos);
}

TEST_CASE("a bar is drawn at most ten times a second and wiped at the end") {
  paper on;
  {
    progress_bar bar(progress_choice::always, {.total = 100}, on.ends[1], start);
    bar.update(1, start);
    bar.update(2, start + 99ms);
    bar.update(3, start + 100ms);
    bar.update(4, start + 199ms);
  }
  const auto drawn = on.drawn();
  CHECK(drawn.find(" 1/100") != std::string::npos);
  CHECK(drawn.find(" 2/100") == std::string::npos);
  CHECK(drawn.find(" 3/100") != std::string::npos);
  CHECK(drawn.find(" 4/100") == std::string::npos);
  CHECK(drawn.ends_with("\r\x1b[K"));
}

TEST_CASE("there is no bar where it isn't wanted, and by default none but on a terminal") {
  for (const auto when : {progress_choice::automatic, progress_choice::never}) {
    paper on;
    {
      progress_bar bar(when, {.total = 100}, on.ends[1], start);
      bar.update(50, start + 2s);
    }
    CHECK(on.drawn().empty());
  }
}
