// One fault at a time, where it matters most: what happens to cancels, to what comes late, and to the ring itself.
#include <catch2/catch.hpp>

#include <map>

#include "reading.hpp"

using namespace weir::test;
using move = reading::move;

namespace {

move submit(std::size_t i) { return {move::what::submit, i}; }
move cancel(std::size_t i) { return {move::what::cancel, i}; }
const move turn{move::what::turn, 0};

/// A good day, but for what `fault` says. Counts in `seen` how often the kernel came to each point.
std::string run_with(const reading& r, const std::function<std::size_t(std::string_view point, std::size_t options)>& fault,
                     std::map<std::string, int, std::less<>>* seen = nullptr) {
  plan good(0);
  return run(r, good, [&](fake_kernel& k) {
    k.overrule = [&](std::string_view point, std::size_t options) {
      if (seen != nullptr) {
        ++(*seen)[std::string(point)];
      }
      return fault(point, options);
    };
  });
}

const reading silent_fifo{.name = "a FIFO that nobody writes to is cancelled",
                          .inputs = {{"silent"}, {"small"}},
                          .moves = {submit(0), turn, turn, submit(1), cancel(0)}};

const reading slow_file{.name = "a file is cancelled while it is read",
                        .inputs = {{"large", 64, 4}, {"small"}},
                        .moves = {submit(0), turn, cancel(0), submit(1)},
                        .depth = 1};

} // namespace

TEST_CASE("a cancel gets through, whatever io_uring_enter answers and for as long as it does") {
  for (const std::size_t refusal : {1U, 2U, 3U, 4U, 6U}) { // EINTR, EAGAIN, EBUSY, ENOMEM, EBUSY several times
    int calls = 0;
    std::map<std::string, int, std::less<>> seen;
    const std::string wrong = run_with(
        silent_fifo,
        [&](std::string_view point, std::size_t) -> std::size_t {
          return point == "enter" && ++calls % 5 != 0 ? refusal : 0; // one call of five is taken
        },
        &seen);
    CHECK(wrong.empty());
    INFO(wrong);
    CHECK(seen["cancel"] > 0);
  }
}

TEST_CASE("more cancels than the ring has entries are queued, all of them") {
  reading many{.name = "forty FIFOs", .inputs = {}, .moves = {}, .depth = 40, .submission_entries = 18};
  for (std::size_t i = 0; i < 40; ++i) {
    many.inputs.push_back({"silent"});
    many.moves.push_back(submit(i));
  }
  many.moves.push_back({move::what::stop_root, 0});
  for (const std::size_t refusal : {0U, 3U}) {
    int calls = 0;
    std::map<std::string, int, std::less<>> seen;
    const std::string wrong = run_with(
        many,
        [&](std::string_view point, std::size_t) -> std::size_t { return point == "enter" && ++calls % 3 != 0 ? refusal : 0; },
        &seen);
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(seen["cancel"] >= 40);
  }
}

TEST_CASE("one submission copies 512 KiB at most, so that a stop is seen between two, however many files are read") {
  reading many{.name = "sixteen files", .inputs = {}, .moves = {}, .depth = 16};
  for (std::size_t i = 0; i < 16; ++i) {
    many.inputs.push_back({"large", 64 * 1024, 8}); // more memory than any of them needs
    many.moves.push_back(submit(i));
  }
  const std::size_t size = GENERATE(700U, 100'000U, 256U * 1024, 512U * 1024 - 1);
  plan good(0);
  std::size_t most = 0;
  std::size_t calls = 0;
  const std::string wrong = run(many, good, [&](fake_kernel& k) {
    k.files["large"].content = std::string(size, 'x');
    k.told_of = [&](std::string_view point, std::size_t) {
      most = k.most_read_a_call();
      calls += point == "enter" ? 1 : 0;
    };
  });
  INFO(wrong);
  CHECK(wrong.empty());
  CHECK(most <= 512 * 1024);
  // As many files at a time as that allows: what counts is what a file has, not the memory that it was given. Besides, the
  // opens, the looks whether the files go on, and the closes.
  const std::size_t reads = 16 / std::min<std::size_t>(512 * 1024 / size, 16) + 1;
  INFO(calls << " calls");
  CHECK(calls <= reads + 7);
}

TEST_CASE("a file is read in pieces of 512 KiB, whatever of its memory it needs, and one that has grown as well") {
  const std::size_t told = GENERATE(2U * 1024 * 1024, 300'000U, 1U, 0U); // by fstat
  const std::size_t size = 2 * 1024 * 1024;
  const reading one{.name = "a large file", .inputs = {{"large", 64 * 1024, 40}}, .moves = {submit(0)}, .depth = 4};
  plan good(0);
  std::size_t calls = 0;
  const std::string wrong = run(one, good, [&](fake_kernel& k) {
    k.files["large"].content = std::string(size, 'x');
    k.files["large"].told = told;
    k.told_of = [&](std::string_view point, std::size_t) { calls += point == "enter" ? 1 : 0; };
  });
  INFO(wrong);
  CHECK(wrong.empty());
  INFO(calls << " calls");
  CHECK(calls <= size / (512 * 1024) + 10);
}

TEST_CASE("a cancel that the kernel loses is asked for again, until its target has ended") {
  for (const std::size_t lost : {1U, 7U}) { // ENOENT at once; ENOENT late
    int left = 6;
    const std::string wrong = run_with(silent_fifo, [&](std::string_view point, std::size_t) -> std::size_t {
      return point == "cancel" && left-- > 0 ? lost : 0;
    });
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(left < 0);
  }
}

TEST_CASE(
    "whatever a cancel answers and however its target ends, that is waited for, and its memory is the kernel's till then") {
  for (std::size_t answer = 0; answer < 8; ++answer) {
    for (const std::size_t read : {1U, 2U, 5U}) { // soon, late, parked in deferred work
      bool first = true;
      const std::string wrong = run_with(slow_file, [&](std::string_view point, std::size_t) -> std::size_t {
        if (point == "read" && !std::exchange(first, false)) {
          return read;
        }
        return point == "cancel" ? answer : 0;
      });
      INFO(answer << ' ' << read << ": " << wrong);
      CHECK(wrong.empty());
    }
    const std::string wrong = run_with(silent_fifo, [&](std::string_view point, std::size_t) {
      return point == "cancel" && answer != 1 && answer != 7 ? answer : 0;
    });
    INFO(answer << ": " << wrong);
    CHECK(wrong.empty());
  }
}

TEST_CASE("an open that was cancelled and still succeeds, late, has its descriptor closed") {
  for (std::size_t answer = 0; answer < 8; ++answer) {
    std::map<std::string, int, std::less<>> seen;
    int opens = 0;
    const std::string wrong = run_with(
        slow_file,
        [&](std::string_view point, std::size_t) -> std::size_t {
          if (point == "open") {
            return ++opens == 2 ? 2 : 0; // the first is the ring's own try
          }
          return point == "cancel" ? answer : 0;
        },
        &seen);
    INFO(answer << ": " << wrong);
    CHECK(wrong.empty());
    CHECK(seen["cancel"] + seen["cancel of nothing"] > 0);
    CHECK(opens == 3);
  }
}

TEST_CASE("a cancel's answer that comes when its slot has another file touches nothing of that") {
  for (const std::size_t late : {6U, 7U}) {
    bool first = true;
    const std::string wrong = run_with(slow_file, [&](std::string_view point, std::size_t) -> std::size_t {
      if (point == "read") {
        return std::exchange(first, false) ? 0 : 1;
      }
      return point == "cancel" ? late : 0;
    });
    INFO(wrong);
    CHECK(wrong.empty());
  }
}

TEST_CASE("the ring goes when the last completion has been seen, the cancels' and the wake-up's too") {
  // The answer to the cancel comes when the engine is being closed already.
  const std::string wrong =
      run_with({.name = "nothing but a FIFO", .inputs = {{"silent"}}, .moves = {submit(0), turn, turn, cancel(0)}},
               [](std::string_view point, std::size_t) { return point == "cancel" ? 6 : 0; });
  INFO(wrong);
  CHECK(wrong.empty());
}

TEST_CASE("a file that found no free descriptor is cancelled, and those behind it are read all the same") {
  int opens = 0;
  const std::string wrong =
      run_with({.name = "the second finds none while the first is read",
                .inputs = {{"small"}, {"large"}, {"exact"}},
                .moves = {submit(0), submit(1), turn, turn, cancel(1), {move::what::await, 0}, submit(2)}},
               [&](std::string_view point, std::size_t) -> std::size_t {
                 if (point == "open") {
                   return ++opens == 3 ? 7 : 0; // EMFILE
                 }
                 return point == "read" && opens > 1 ? 2 : 0; // late
               });
  INFO(wrong);
  CHECK(wrong.empty());
  CHECK(opens == 4);
}

TEST_CASE("a file that finds no entry on the ring is read, though nothing that has one ever ends") {
  reading crowd{.name = "FIFOs take the entries", .inputs = {}, .moves = {}, .depth = 40, .submission_entries = 18};
  for (std::size_t i = 0; i < 9; ++i) {
    crowd.inputs.push_back({i < 8 ? "silent" : "small"});
    crowd.moves.push_back(submit(i));
  }
  crowd.moves.push_back({move::what::await, 8});
  crowd.moves.push_back({move::what::stop_root, 0});
  for (int from = 4; from < 40; ++from) { // io_uring_enter takes nothing for a few calls
    for (int count = 1; count < 6; ++count) {
      int calls = 0;
      const std::string wrong = run_with(crowd, [&](std::string_view point, std::size_t) -> std::size_t {
        calls += point == "enter" ? 1 : 0;
        return point == "enter" && calls >= from && calls < from + count ? 3 : 0;
      });
      INFO(from << ", " << count << ": " << wrong);
      CHECK(wrong.empty());
    }
  }
}

TEST_CASE("where io_uring_enter becomes forbidden while the ring is tried out, no descriptor is left") {
  for (int at = 1; at <= 3; ++at) {
    int calls = 0;
    const std::string wrong = run_with(silent_fifo, [&](std::string_view point, std::size_t) -> std::size_t {
      return point == "enter" && ++calls == at ? 5 : 0;
    });
    INFO(wrong);
    CHECK(wrong.empty());
  }
}

TEST_CASE("where io_uring_enter becomes forbidden at any later call, each file comes back by plain calls") {
  for (const reading& r : readings()) {
    for (int at = 4; at < 30; ++at) {
      int calls = 0;
      const std::string wrong = run_with(r, [&](std::string_view point, std::size_t) -> std::size_t {
        return point == "enter" && ++calls == at ? 5 : point == "read" || point == "open" ? 1 : 0; // all of it slowly
      });
      INFO(r.name << ", " << at << ": " << wrong);
      CHECK(wrong.empty());
    }
  }
}
