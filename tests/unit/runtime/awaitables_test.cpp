#include "settings.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "awaitables/awaitables.hpp"
#include "awaitables/sources.hpp"
#include "memory/segment.hpp"
#include "png_files.hpp"

using namespace std::chrono_literals;
using namespace weir::test;

namespace {

void pause_a_little() { std::this_thread::sleep_for(100us); }

/// The files of never_ready_files, on disk.
class files_on_disk {
public:
  files_on_disk() {
    names.silent = directory_.fifo();
    for (const file_content& f : contents_of_files(weir::memory::segment_bytes)) {
      names.*f.name = directory_.file(std::string(f.bytes.begin(), f.bytes.end()));
    }
  }
  never_ready_files names;

private:
  png_directory directory_;
};

weir::runtime_options enough_for(const awaitable& a) {
  weir::runtime_options o;
  o.workers = 1;
  o.memory = a.memory;
  o.file_memory = std::uint64_t{a.file_segments} * weir::memory::segment_bytes;
  return o;
}

std::set<std::string> listed(const char* awaitable::*what) {
  std::set<std::string> all;
  for (const awaitable& a : awaitables()) {
    all.insert(a.*what);
  }
  return all;
}

} // namespace

TEST_CASE("every awaiter in the library's sources is in the list of awaitables, and no other") {
  const std::set<std::string> found = look_at_sources().awaiters;
  REQUIRE(found.count("next_awaiter") == 1);
  REQUIRE(found.count("first_segments") == 1);
  REQUIRE(found.size() > 30);
  REQUIRE(listed(&awaitable::awaiter) == found);
}

TEST_CASE("every wait that a dump has words for is in the list of awaitables") {
  std::set<std::string> found = look_at_sources().waits;
  REQUIRE(found.count("read of") == 1);
  REQUIRE(found.count("scope join") == 1);
  found.insert(""); // those that never wait
  REQUIRE(listed(&awaitable::waits_for) == found);
}

TEST_CASE("whatever is awaited, a runtime's dump says what it is, and stopped there it ends and leaves nothing") {
  const setting s = GENERATE(from_settings());
  INFO(name_of(s));
  const files_on_disk disk;
  for (const awaitable& a : awaitables()) {
    INFO(a.awaiter << ": " << a.waits_for);
    place p(s, enough_for(a));
    never_ready n(*p.rt, disk.names, &pause_a_little);
    const weir::stop_handle stop;
    std::string text;
    auto looks = [&]() -> weir::task<> {
      while (!a.ends_by_itself && text.find(std::string("waits for ") + a.waits_for) == std::string::npos) {
        co_await weir::sleep_for(200us);
        std::ostringstream now;
        p.rt->dump(now);
        text = now.str();
      }
      stop.request_stop();
    };
    (void)p.rt->start(looks());
    REQUIRE(p.rt->run(a.wait(n), stop).stopped());
    REQUIRE(nothing_left(p.rt->audit()));
    REQUIRE(p.rt->audit().held_by_user == 0);
  }
}

TEST_CASE("tasks parked on everything that can be awaited all end when the root is stopped by another thread, at any moment") {
  const setting s = GENERATE(from_settings());
  INFO(name_of(s));
  const files_on_disk disk;
  const std::uint64_t memory = GENERATE(std::uint64_t{45'000}, std::uint64_t{16} << 20);
  INFO("with " << memory << " bytes");
  for (const std::chrono::microseconds delay : {0us, 100us, 300us, 1'000us, 3'000us, 50'000us}) {
    INFO("stopped after " << delay.count() << " us");
    weir::runtime_options o = enough_for(awaitables().front());
    o.memory = memory;
    place p(s, o);
    never_ready n(*p.rt, disk.names, &pause_a_little);
    auto all = [&](weir::scope& in) -> weir::task<> {
      for (const awaitable& a : awaitables()) {
        if (!a.ends_by_itself && a.memory <= memory) { // with less, some fail
          in.spawn(a.wait(n));
        }
      }
      co_return;
    };
    const weir::stop_handle stop;
    std::thread other([&] {
      std::this_thread::sleep_for(delay);
      stop.request_stop();
    });
    const auto outcome = p.rt->run(weir::with_scope(all), stop);
    other.join();
    REQUIRE(outcome.stopped());
    REQUIRE(nothing_left(p.rt->audit()));
    REQUIRE(p.rt->audit().held_by_user == 0);
  }
}
