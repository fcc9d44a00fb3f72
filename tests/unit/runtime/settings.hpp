#pragma once

#include <catch2/catch.hpp>

#include <optional>
#include <string>

#include <uv.h>
#include <weir/weir.hpp>

namespace weir::test {

/// A host's libuv loop. At its end it has to close, which libuv refuses while a handle is left.
class host {
public:
  host() { REQUIRE(uv_loop_init(&uv) == 0); }
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  ~host() { CHECK(uv_loop_close(&uv) == 0); }
  uv_loop_t uv{};
};

/// Where a runtime may run.
struct setting {
  bool hosted;
  engine_choice engine;
};

inline std::string name_of(setting s) {
  return std::string(s.hosted ? "uv" : "own") + (s.engine == engine_choice::blocking ? ", blocking" : ", automatic");
}

/// Runs a section of a test for each loop and engine: `const setting s = GENERATE(from_settings());`
inline auto from_settings() {
  return Catch::Generators::values({setting{false, engine_choice::automatic}, setting{false, engine_choice::blocking},
                                    setting{true, engine_choice::automatic}, setting{true, engine_choice::blocking}});
}

/// A runtime, and the host's loop that it runs on, if it does.
class place {
public:
  explicit place(setting s, runtime_options o = {}) {
    if (o.workers == 0) {
      o.workers = 2;
    }
    o.engine = s.engine;
    if (s.hosted) {
      h.emplace();
      o.loop = on(&h->uv);
    }
    rt.emplace(o);
  }
  std::optional<host> h;
  std::optional<runtime> rt;
};

inline bool nothing_left(const audit_report& a) { return a.frames == 0 && a.leases == 0 && a.operations == 0 && a.jobs == 0; }

} // namespace weir::test
