#pragma once

#include <cstdint>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "io/sim_disk.hpp"
#include "loop/world.hpp"
#include "workers/sim.hpp"
#include <weir/weir.hpp>

namespace weir::explore {

/// What a scenario should come to, if it is neither stopped nor made to fail.
struct expectation {
  ending natural = ending::done;
  std::size_t items = 0;  ///< images delivered to its consumer, blanks included
  std::size_t batch = 0;  ///< images a batch, but for the last; 0: doesn't matter
  bool ordered = false;   ///< indices rise
  bool exact = true;      ///< false: what its files hold changes under it, so that some may fail
  bool cleans_up = false; ///< it has cleanups that begin something after the stop
};

/// The disk of all scenarios: pictures of one color each, by number, and worse.
class pictures {
public:
  static constexpr std::size_t good = 8;
  pictures();
  [[nodiscard]] const io::sim_disk& disk() const noexcept { return disk_; }
  /// The good ones' paths, `first` to `last` - 1.
  [[nodiscard]] static std::vector<std::string> paths(std::size_t first, std::size_t last);
  /// Bytes of a good one.
  [[nodiscard]] const std::vector<std::uint8_t>& bytes(std::size_t i) const { return disk_.find(name(i))->bytes; }
  [[nodiscard]] static std::string name(std::size_t i) { return "/sim/" + std::to_string(i); }

private:
  io::sim_disk disk_;
};

/// What one run of a scenario works with, and what it is watched by. All notes end in `world::violation` if they break the
/// contract.
class stage_set {
public:
  stage_set(loop::world& w, const pictures& p, const expectation& e) noexcept : world(w), disk(p), expected(e) {}

  loop::world& world;
  const pictures& disk;
  const expectation& expected;
  runtime* rt = nullptr;

  /// A consumer's: looks at every pixel, and whether it may come now. `stopping`: the consumer's own tree is.
  void take(const image& im, bool stopping);
  void take(const image_batch& b, bool stopping);
  void took(std::size_t n) noexcept { delivered += n; } ///< of something that is no image

  std::size_t delivered = 0;
  std::size_t after_stop = 0; ///< deliveries to a consumer whose tree was stopping
  bool short_batch = false;
  std::uint64_t throws_at = 0; ///< the call of `may_throw` that throws; 0: none

private:
  void note(const image& im);
  std::set<std::uint64_t> seen_;
  std::uint64_t last_ = 0;
};

/// The consumer of most scenarios.
template<class T> auto into(stage_set& s) {
  return [&s](T value) -> task<> {
    const stop_token token = co_await current_stop_token();
    s.take(value, token.stop_requested());
  };
}

/// A local that watches when it is destroyed: only while the loop runs a step.
class watched {
public:
  explicit watched(stage_set& s) noexcept : set_(s) {}
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  ~watched() {
    if (!set_.world.in_step) {
      set_.world.violation("a coroutine went on, or its frame went, from inside something else");
    }
  }

private:
  stage_set& set_;
};

/// A scope's children, counted from outside of it.
struct family {
  int children = 0;
};
/// A local of the scope's body: on a stop it outlives the children. (A body that throws takes its locals with it at once.)
class parent_local : watched {
public:
  parent_local(stage_set& s, family& f) noexcept : watched(s), set_(s), family_(f) {}
  ~parent_local() {
    if (family_.children != 0 && std::uncaught_exceptions() == thrown_) {
      set_.world.violation("a scope's body was destroyed before its last child");
    }
  }

private:
  stage_set& set_;
  family& family_;
  int thrown_ = std::uncaught_exceptions();
};
class child_local : watched {
public:
  child_local(stage_set& s, family& f) noexcept : watched(s), family_(f) { ++family_.children; }
  ~child_local() { --family_.children; }

private:
  family& family_;
};

struct scenario {
  const char* name;
  expectation expected;
  task<> (*run)(stage_set&);
  std::uint64_t memory = 1 << 16;
  std::uint64_t file_memory = 1 << 12;
  int workers = 2;
  int io_depth = 4;
};

/// All of them; `--pipeline` names them by their position.
[[nodiscard]] const std::vector<scenario>& all_scenarios();
void add_pipelines(std::vector<scenario>& to);
void add_consumers(std::vector<scenario>& to);
void add_structures(std::vector<scenario>& to);

} // namespace weir::explore
